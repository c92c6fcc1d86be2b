import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { BackEnd, breaksOff, silent, speaksSsh, whiteScreen } from "../harness/back-ends.js";
import { Site } from "../harness/site.js";
import { until } from "../harness/wait.js";

describe("what goes wrong is said in words", () => {
  const backEnds = {};
  let site;

  before(async () => {
    const treatments = { silent, speaksSsh, breaksOff, whiteScreen, gone: silent };
    for (const [name, treat] of Object.entries(treatments)) {
      backEnds[name] = await BackEnd.start(treat);
    }
    const servers = Object.entries(backEnds).map(([name, { address }]) => [name, address]);
    await backEnds.gone.stop();
    delete backEnds.gone;
    site = await Site.start({
      servers: Object.fromEntries(servers),
      settings: { ORIEL_GATEWAY__HANDSHAKE_TIMEOUT: "1s" },
    });
  });

  after(async () => {
    await site?.stop();
    for (const backEnd of Object.values(backEnds)) {
      await backEnd.stop();
    }
  });

  test("a link without a token", async () => {
    const page = await site.open(site.linkWith({ lang: "EN" }));
    await page.ended("token-missing");
  });

  test("a token that nobody was given", async () => {
    const page = await site.open(site.linkWith({ token: randomUUID(), lang: "EN" }));
    await page.ended("token-unknown");
  });

  test("a token that is none", async () => {
    const page = await site.open(site.linkWith({ token: "../../etc/passwd", lang: "EN" }));
    await page.ended("token-unknown");
  });

  for (const [server, what, reason] of [
    ["gone", "nobody listens", "back-end-unreachable"],
    ["silent", "nobody answers", "back-end-timeout"],
    ["speaksSsh", "another protocol is spoken", "back-end-protocol"],
    ["breaksOff", "the connection is closed in the middle of the handshake", "back-end-closed"],
  ]) {
    test(`a server at whose socket ${what}`, async () => {
      const page = await site.open(await site.oriel.link(server));
      await page.ended(reason);
    });
  }

  test("a server that closes a live console", async () => {
    const page = await site.open(await site.oriel.link("whiteScreen"));
    await page.connected();
    backEnds.whiteScreen.hangUp();
    await page.resuming("back-end-closed");
    await page.connected();
  });
});

describe("a link is good for a set time", () => {
  let site;

  before(async () => {
    site = await Site.start({
      servers: { nowhere: "unix:/nonexistent/vnc.sock" },
      settings: { ORIEL_GRANTS__TTL: "1s" },
    });
  });

  after(() => site?.stop());

  test("a token whose time is over", async () => {
    const link = await site.oriel.link("nowhere");
    const now = async () =>
      Date.parse((await site.oriel.request("GET", "/identity/v3")).headers.date);
    const expiry = (await now()) + 2000;
    await until("the server's clock to pass the token's time", async () => (await now()) >= expiry);
    const page = await site.open(link);
    await page.ended("token-expired");
  });
});
