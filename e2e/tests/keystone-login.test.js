import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { assertAccessible } from "../harness/axe.js";
import { startBrowser } from "../harness/browser.js";
import { Keystone } from "../harness/keystone.js";
import { Oriel } from "../harness/oriel.js";
import { ServersPage } from "../harness/servers-page.js";

const servers = { web: "unix:/nonexistent/web.sock", theirs: "unix:/nonexistent/theirs.sock" };

describe("a person of a real Keystone at the servers page", () => {
  let keystone;
  let oriel;
  let browser;

  before(async () => {
    keystone = await Keystone.start();
    oriel = await Oriel.start({
      servers,
      settings: { ORIEL_IDENTITY__LOCK_AFTER: "3" },
      identity: {
        lines: await keystone.configuration(),
        projects: { web: keystone.projects.demo, theirs: keystone.projects.other },
      },
    });
    oriel.remember("everybody's password", keystone.password);
    browser = await startBrowser();
  });

  after(async () => {
    await browser?.close();
    await oriel?.stop();
    await keystone?.remove();
  });

  const login = async (user, password = keystone.password, more = {}) => {
    const answer = await oriel.request("POST", "/oriel/v1/login", { user, password, ...more });
    const cookie = answer.headers["set-cookie"]?.[0].split(";")[0];
    if (cookie) {
      oriel.remember("the cookie of a login", cookie.split("=")[1]);
      oriel.remember("the key of a login", answer.body.key);
    }
    return { ...answer, halves: { Cookie: cookie ?? "", "X-Oriel-Login": answer.body.key ?? "" } };
  };

  const logins = () => keystone.log.split("POST /v3/auth/tokens").length - 1;

  test("logs in, sees the servers of the project, and opens a console's link", async () => {
    const view = await ServersPage.open(browser, oriel);
    await assertAccessible(view.page, "the login with domains");
    await view.logIn("reader", keystone.password);
    assert.deepEqual(await view.names(1), ["web"]);
    await view.close();

    const member = await login("member");
    assert.equal(member.status, 200);
    const made = await oriel.request(
      "POST",
      `/oriel/v1/servers/${oriel.serverIds.web}/console`,
      { type: "novnc" },
      member.halves,
    );
    assert.equal(made.status, 200);
    oriel.remember("the token of a link", new URL(made.body.console.url).searchParams.get("token"));
    const theirs = await oriel.request(
      "POST",
      `/oriel/v1/servers/${oriel.serverIds.theirs}/console`,
      { type: "novnc" },
      member.halves,
    );
    assert.equal(theirs.status, 404);
  });

  test("names a domain where there is another", async () => {
    const view = await ServersPage.open(browser, oriel);
    await view.page.getByRole("button", { name: "Log in to another domain" }).click();
    await view.page.locator("input[name=domain]").fill("nowhere");
    await view.page.locator("input[name=username]").fill("manager");
    await view.page.locator("input[name=password]").fill(keystone.password);
    await view.page.keyboard.press("Enter");
    await view.says("[role=alert]", /password is wrong/);
    await view.page.locator("input[name=domain]").fill("Default");
    await view.logIn("manager", keystone.password);
    assert.deepEqual(await view.names(1), ["web"]);
    await view.close();
  });

  test("goes from project to project", async () => {
    await keystone.addRole("manager", "member", "other");
    const view = await ServersPage.open(browser, oriel);
    await view.logIn("manager", keystone.password);
    assert.deepEqual(await view.names(1), ["web"]);
    await view.page.getByLabel("Project").selectOption({ label: "other" });
    await view.says(".name", /theirs/);
    await view.page.reload();
    await view.says(".name", /theirs/);
    await view.close();
  });

  test("is logged out at Keystone too", async () => {
    const { halves } = await login("member");
    const list = () => oriel.request("GET", "/oriel/v1/servers", undefined, halves);
    assert.equal((await list()).status, 200);
    const revoked = () => keystone.log.split("DELETE /v3/auth/tokens").length - 1;
    const before = revoked();
    assert.equal((await oriel.request("DELETE", "/oriel/v1/login", undefined, halves)).status, 204);
    assert.equal(revoked() - before, 2, "the person's token, and the project's");
    assert.equal((await list()).status, 401);
  });

  test("reads why not, and Keystone hears of no more guesses than are allowed", async () => {
    const wrong = await login("other_admin", "a wrong password");
    assert.deepEqual([wrong.status, wrong.body.error.code], [401, "login-refused"]);
    const unknown = await login("nobody at all", "a wrong password");
    assert.deepEqual(unknown.body, wrong.body);
    let answer;
    for (let guess = 0; guess < 20 && answer?.status !== 429; guess += 1) {
      answer = await login("other_admin", `guess ${guess}`);
    }
    assert.equal(answer.body.error.code, "locked");
    assert.ok(Number(answer.headers["retry-after"]) >= 1);
    const before = logins();
    for (const domain of [undefined, "Default", "DEFAULT"]) {
      assert.equal((await login("other_admin", keystone.password, { domain })).status, 429);
    }
    assert.equal(logins(), before, "Keystone was asked for a locked user");
    assert.equal((await login("other_member")).status, 200);
  });

  test("may have a role nowhere, or none that counts", async () => {
    const nowhere = await login("domain_admin");
    assert.equal(nowhere.body.login.project, null);
    const useless = await login("norole");
    const list = await oriel.request("GET", "/oriel/v1/servers", undefined, useless.halves);
    assert.deepEqual([list.status, list.body.error.code], [403, "forbidden"]);
  });

  test("is told when Keystone is down, and when it is back", async () => {
    const { halves } = await login("member");
    const view = await ServersPage.open(browser, oriel);
    await view.logIn("member", keystone.password);
    await view.names(1);
    await keystone.stop();
    try {
      const down = await login("admin");
      assert.deepEqual([down.status, down.body.error.code], [503, "unavailable"]);
      const out = await oriel.request("DELETE", "/oriel/v1/login", undefined, halves);
      assert.equal(out.status, 503);
      assert.match(out.headers["set-cookie"][0], /Max-Age=0/);
      await view.page.reload();
      await view.says("h1", /identity service does not answer/);
      await assertAccessible(view.page, "an identity that is down");
    } finally {
      await keystone.serve();
    }
    await view.page.getByRole("button", { name: "Try again" }).click();
    await view.names(1);
    await view.close();
  });
});
