import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { assertAccessible } from "../harness/axe.js";
import { startBrowser } from "../harness/browser.js";
import { Guest } from "../harness/guest.js";
import { Oriel } from "../harness/oriel.js";
import { ServersPage } from "../harness/servers-page.js";
import { until } from "../harness/wait.js";

const nowhere = { novnc: "unix:/nonexistent/vnc.sock" };

describe("the servers page", () => {
  let guest;
  let oriel;
  let browser;
  let view;

  before(async () => {
    guest = await Guest.start("demo");
    oriel = await Oriel.start({
      servers: {
        demo: guest.screenAddress,
        "db-2": { consoles: nowhere, facts: 'addresses = { lan = ["10.0.0.7"] }' },
        "db-10": { consoles: nowhere, status: "ERROR", facts: 'fault = "no disk"' },
        old: { consoles: nowhere, status: "SHUTOFF" },
      },
      settings: { ORIEL_IDENTITY__LOCK_AFTER: "3" },
    });
    browser = await startBrowser();
  });

  after(async () => {
    await browser?.close();
    await oriel?.stop();
    await guest?.stop();
  });

  const open = async (options) => {
    view = await ServersPage.open(browser, oriel, options);
    return view;
  };

  beforeEach(() => {
    view = undefined;
  });

  afterEach(() => view?.close());

  test("a person logs in and is at the servers of the project", async () => {
    const { page } = await open();
    await assertAccessible(page, "the login");
    await view.screenshot("login");
    await view.logIn();
    assert.deepEqual(await view.names(4), ["db-2", "db-10", "demo", "old"]);
    await assertAccessible(page, "the list");
    await view.screenshot("list");
    // Nothing that a script can read logs anybody in.
    const { cookie, key } = await view.halves();
    assert.deepEqual(
      [cookie.name, cookie.httpOnly, cookie.secure, cookie.sameSite, cookie.expires],
      ["__Host-oriel-login", true, true, "Strict", -1],
    );
    assert.deepEqual(await page.evaluate(() => [document.cookie, sessionStorage.length]), ["", 0]);
    const alone = await oriel.request("GET", "/oriel/v1/servers", undefined, {
      "X-Oriel-Login": key,
    });
    assert.equal(alone.status, 401);
    const together = await oriel.request("GET", "/oriel/v1/servers", undefined, {
      "X-Oriel-Login": key,
      Cookie: `${cookie.name}=${cookie.value}`,
    });
    assert.equal(together.body.total, 4);
    await page.reload();
    assert.equal((await view.names(4)).length, 4);
  });

  test("a wrong password is told in words, and the place is the password's", async () => {
    const { page } = await open();
    await page.locator("input[name=username]").fill("admin");
    await page.locator("input[name=password]").fill("a wrong password");
    await page.keyboard.press("Enter");
    await view.says("[role=alert]", /password is wrong/);
    await assertAccessible(page, "a refused login");
    assert.equal(
      await page.evaluate(() => document.activeElement.getAttribute("name")),
      "password",
    );
    await view.logIn();
  });

  test("who fails too often is told how long to wait", async () => {
    const { page } = await open();
    for (let attempt = 0; attempt < 3; attempt += 1) {
      await page.locator("input[name=username]").fill("nobody");
      await page.locator("input[name=password]").fill(`wrong ${attempt}`);
      await page.locator("button[type=submit]:enabled").click();
      await page.locator("[role=alert]").waitFor();
    }
    await until("the lock", async () => {
      await page.locator("input[name=password]").fill("wrong");
      await page.locator("button[type=submit]:enabled").click();
      return /Try again in \d+ s/.test(await page.locator("[role=alert]").innerText());
    });
  });

  test("a click opens the console in a tab of its own, with a live screen", async () => {
    await open();
    await view.logIn();
    await view.names(4);
    const tab = await view.opens(() => view.server("demo").locator(".open").click());
    await tab.locator('html[data-state="connected"]').waitFor({ timeout: 30_000 });
    assert.equal(await tab.locator("#server-name").innerText(), "demo");
    assert.equal(await tab.evaluate(() => window.opener), null);
    const link = new URL(tab.url());
    oriel.remember("the token of a link", link.searchParams.get("token"));
    assert.equal(link.searchParams.get("lang"), "en");
    // The link was used by that, and is no good in another browser.
    const other = await browser.newContext({ ignoreHTTPSErrors: true });
    const late = await other.newPage();
    await late.goto(String(link));
    await late.locator('html[data-reason="token-used"]').waitFor({ state: "attached" });
    await other.close();
  });

  test("a server that does not run is told so, and no tab opens", async () => {
    const { page } = await open();
    await view.logIn();
    await view.names(4);
    await view.server("old").locator(".open").click();
    await view.says(".toast", /old is not running.*Start it/);
    await assertAccessible(page, "a message");
    assert.equal(page.context().pages().length, 1);
    await page.locator(".toast button").click();
    await page.locator(".toast").waitFor({ state: "detached" });
  });

  test("where the browser opens no tab, the link is there to be clicked", async () => {
    const { page } = await open();
    await view.logIn();
    await view.names(4);
    await page.evaluate(() => {
      window.open = () => null;
    });
    await view.server("demo").locator(".open").click();
    const tab = await view.opens(() => page.locator(".toast a").click());
    await tab.locator('html[data-state="connected"]').waitFor({ timeout: 30_000 });
    oriel.remember("the token of a link", new URL(tab.url()).searchParams.get("token"));
  });

  test("the keyboard is enough", async () => {
    const { page } = await open();
    await view.logIn();
    await view.names(4);
    const at = () =>
      page.evaluate(() => document.activeElement.querySelector(".name")?.textContent ?? null);
    await page.keyboard.press("/");
    await page.keyboard.type("db-");
    assert.deepEqual(await view.names(2), ["db-2", "db-10"]);
    await page.keyboard.press("ArrowDown");
    assert.equal(await at(), "db-2");
    await page.keyboard.press("ArrowRight");
    assert.equal(await at(), "db-10");
    await page.keyboard.press("/");
    await page.keyboard.press("Escape");
    await view.names(4);
    await page.keyboard.type("running 10.0");
    assert.deepEqual(await view.names(1), ["db-2"]);
    await page.keyboard.press("Escape");
    await page.keyboard.type(oriel.serverIds.demo.slice(0, 13));
    assert.deepEqual(await view.names(1), ["demo"]);
    await page.keyboard.press("Enter");
    assert.equal(await at(), "demo");
    const tab = await view.opens(() => page.keyboard.press("Enter"));
    await tab.locator('html[data-state="connected"]').waitFor({ timeout: 30_000 });
    oriel.remember("the token of a link", new URL(tab.url()).searchParams.get("token"));
    await tab.close();
    await page.bringToFront();
    await page.keyboard.press("/");
    await page.keyboard.type("nothing like it");
    await view.says(".empty", /No server fits/);
    await assertAccessible(page, "a search that finds nothing");
    await page.getByRole("button", { name: "Show all" }).click();
    await view.names(4);
  });

  test("states can be looked at alone, and come first what is broken", async () => {
    const { page } = await open();
    await view.logIn();
    await view.names(4);
    await page.getByRole("button", { name: "Trouble 1" }).click();
    assert.deepEqual(await view.names(1), ["db-10"]);
    await page.getByRole("button", { name: "All 4" }).click();
    await page.getByLabel("Order").selectOption("state");
    assert.deepEqual(await view.names(4), ["db-10", "db-2", "demo", "old"]);
    await page.getByRole("button", { name: "Rows" }).click();
    await page.reload();
    assert.deepEqual(await view.names(4), ["db-10", "db-2", "demo", "old"]);
    await page.locator(".servers.rows").waitFor();
    await assertAccessible(page, "the rows");
  });

  test("what happens to a server is seen without a reload, and nothing jumps", async () => {
    const { page } = await open();
    await view.logIn();
    await view.names(4);
    await page.keyboard.press("/");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("End");
    const focused = () =>
      page.evaluate(() => document.activeElement.querySelector(".name").textContent);
    assert.equal(await focused(), "old");
    try {
      await oriel.move({
        demo: guest.screenAddress,
        "db-2": { consoles: nowhere, status: "PAUSED" },
        "db-10": { consoles: nowhere },
        new: { consoles: nowhere },
        old: { consoles: nowhere },
      });
      await view.says(".server .state", /Paused/);
      assert.deepEqual(await view.names(5), ["db-2", "db-10", "demo", "new", "old"]);
      assert.equal(await focused(), "old");
    } finally {
      await oriel.move({
        demo: guest.screenAddress,
        "db-2": { consoles: nowhere, facts: 'addresses = { lan = ["10.0.0.7"] }' },
        "db-10": { consoles: nowhere, status: "ERROR", facts: 'fault = "no disk"' },
        old: { consoles: nowhere, status: "SHUTOFF" },
      });
    }
    await view.names(4);
  });

  test("a login that ends leads back to the form, and from there to where one was", async () => {
    const password = await oriel.addUser("ann");
    const { page } = await open();
    await view.logIn("ann", password);
    await view.names(4);
    await page.keyboard.press("/");
    await page.keyboard.type("db-");
    await view.names(2);
    await view.halves();
    await oriel.command("user", "disable", "ann");
    await view.server("db-2").locator(".open").click();
    await view.says("[role=status]", /login has ended/);
    await assertAccessible(page, "an ended login");
    assert.equal(await page.locator("input[name=username]").inputValue(), "ann");
    assert.equal(await page.locator(".name").count(), 0, "nothing of the list is left to see");
    await oriel.command("user", "enable", "ann");
    await view.logIn("ann", password);
    assert.deepEqual(await view.names(2), ["db-2", "db-10"]);
    assert.equal(await page.locator("#search").inputValue(), "db-");
  });

  test("logging out ends it everywhere", async () => {
    const { page } = await open();
    await view.logIn();
    await view.names(4);
    const other = await view.another();
    await other.locator(".server").first().waitFor();
    const { cookie, key } = await view.halves();
    await page.locator("#person summary").click();
    await assertAccessible(page, "the person's menu");
    await page.locator("#log-out").click();
    await view.says("[role=status]", /You are logged out/);
    await other.locator("input[name=username]").waitFor();
    const { status } = await oriel.request("GET", "/oriel/v1/servers", undefined, {
      "X-Oriel-Login": key,
      Cookie: `${cookie.name}=${cookie.value}`,
    });
    assert.equal(status, 401);
    assert.deepEqual(await view.halves(), { cookie: undefined, key: null });
    await page.reload();
    await page.locator("input[name=username]").waitFor();
  });

  test("a person goes from project to project", async () => {
    await oriel.command("project", "create", "lab");
    await oriel.command("role", "assign", "--user", "admin", "--project", "lab", "member");
    const { page } = await open();
    await view.logIn();
    await view.names(4);
    const other = await view.another();
    await other.locator(".server").first().waitFor();
    await page.getByLabel("Project").selectOption({ label: "lab" });
    await view.says(".empty", /No servers in lab yet/);
    await assertAccessible(page, "an empty project");
    await view.screenshot("empty");
    // A tab that showed another project follows, since the login has gone on.
    await other.locator(".empty").waitFor();
    await page.reload();
    await view.says(".empty", /No servers in lab yet/);
    await page.getByLabel("Project").selectOption({ label: "demo" });
    await view.names(4);
    await page.getByLabel("Project").selectOption({ label: "All projects" });
    assert.match((await view.server("demo").locator(".facts").innerText()) ?? "", /^demo · /);
  });

  test("who may only look is offered no console", async () => {
    const password = await oriel.addUser("rita", "reader");
    const { page } = await open();
    await view.logIn("rita", password);
    await view.names(4);
    const button = view.server("demo").locator(".open");
    assert.equal(await button.getAttribute("aria-disabled"), "true");
    assert.match(await button.textContent(), /You cannot open a console of this server/);
    await assertAccessible(page, "a reader's list");
  });

  for (const [name, options] of [
    ["dark-cn", { colorScheme: "dark", locale: "zh-CN" }],
    ["phone", { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true }],
    [
      "phone-dark-cn",
      { viewport: { width: 360, height: 740 }, colorScheme: "dark", locale: "zh-CN" },
    ],
    ["4k", { viewport: { width: 3840, height: 2160 } }],
  ]) {
    test(`it is in good shape: ${name}`, async () => {
      const { page } = await open(options);
      await assertAccessible(page, `the login, ${name}`);
      await view.screenshot(`login-${name}`);
      await view.logIn();
      await view.names(4);
      await assertAccessible(page, `the list, ${name}`);
      const overflow = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      assert.equal(overflow, 0, "the page is wider than its window");
      await view.screenshot(`list-${name}`);
    });
  }

  test("the language changes without a reload, and goes along to the console", async () => {
    const { page } = await open();
    await page.locator(".languages select").selectOption("zh-cn");
    await view.says("h1", /登录/);
    await view.logIn();
    await view.names(4);
    const tab = await view.opens(() => view.server("demo").locator(".open").click());
    await tab.locator('html[data-state="connected"]').waitFor({ timeout: 30_000 });
    oriel.remember("the token of a link", new URL(tab.url()).searchParams.get("token"));
    assert.match(await tab.locator("html").getAttribute("lang"), /^zh/i);
    await page.reload();
    await view.says(".how-many, .chips", /全部|台服务器/);
  });

  test("a browser whose network is gone is told so, and goes on by itself", async () => {
    const { page } = await open();
    await view.logIn();
    await view.names(4);
    await page.context().setOffline(true);
    await view.says(".toast", /cannot be reached/);
    assert.equal(await page.locator(".server").count(), 4, "what was known stays");
    await page.context().setOffline(false);
    await page.locator(".toast").waitFor({ state: "detached", timeout: 15_000 });
  });

  test("it is shown in no frame", async () => {
    const { headers } = await oriel.request("GET", "/", undefined, { Accept: "text/html" });
    assert.match(headers["content-security-policy"], /frame-ancestors 'none'/);
    assert.match(headers["content-security-policy"], /script-src 'self'; style-src 'self'/);
  });
});

describe("before there is anybody", () => {
  test("the page says how to make the first user", async () => {
    const oriel = await Oriel.start({ servers: {} });
    const browser = await startBrowser();
    try {
      await oriel.command("user", "delete", "admin");
      const view = await ServersPage.open(browser, oriel);
      await view.says("h1", /Make the first user/);
      await assertAccessible(view.page, "the first run");
      await view.screenshot("first-run");
      await view.close();
    } finally {
      await browser.close();
      await oriel.stop();
    }
  });
});
