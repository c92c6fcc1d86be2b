import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { BackEnd, whiteScreen } from "../harness/back-ends.js";
import { Site } from "../harness/site.js";

// Every other file looks for its own secrets in the log as well, when it stops Oriel.
describe("no secret is ever in the log", () => {
  let backEnd;
  let site;

  before(async () => {
    backEnd = await BackEnd.start(whiteScreen);
    site = await Site.start({ servers: { white: backEnd.address } });
  });

  after(async () => {
    await site?.stop();
    await backEnd?.stop();
  });

  test("at the most verbose level, whatever happens", async () => {
    const { oriel } = site;
    assert.equal((await oriel.login("a wrong password")).status, 401);
    oriel.remember(
      "a login's token",
      await oriel.openstack("token", "issue", "-f", "value", "-c", "id"),
    );
    for (const made of [oriel.link("white"), oriel.linkByClient("white")]) {
      const link = await made;
      const page = await site.open(link);
      await page.connected();
      await page.reload();
      await page.connected();
      await (await site.open(link)).ended("token-used");
    }
    const forged = "5a1c0de5-0000-4000-8000-000000000000";
    oriel.remember("a token that was made up", forged);
    await (await site.open(site.linkWith({ token: forged }))).ended("token-unknown");
    await oriel.request("GET", "/v2.1/servers", undefined, { "X-Auth-Token": forged });
    await oriel.request("POST", "/identity/v3/auth/tokens", { auth: forged });
    await oriel.request("GET", `/nowhere?token=${forged}`, undefined, {
      Cookie: `token=${forged}`,
    });
    await site.noteCookies();

    const kinds = new Set(oriel.secrets.values());
    for (const kind of ["the password", "the token of a link", "a login's token"]) {
      assert.ok(kinds.has(kind), `the test has seen no secret of this kind: ${kind}`);
    }
    assert.ok(
      [...kinds].some((kind) => kind.startsWith("the cookie ")),
      "the test has seen no cookie",
    );
    assert.match(oriel.log, /"level":"(DEBUG|TRACE)"/, "the log is not at its most verbose");
    assert.ok(oriel.log.includes(oriel.serverIds.white), "the log names the server");
    assert.deepEqual(oriel.secretsInLog(), []);
  });
});
