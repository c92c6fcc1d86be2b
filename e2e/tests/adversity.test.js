import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { assertAccessible } from "../harness/axe.js";
import { BackEnd, cutText, screenThatSays } from "../harness/back-ends.js";
import { Network } from "../harness/network.js";
import { Site } from "../harness/site.js";
import { until } from "../harness/wait.js";

const artifacts = fileURLToPath(new URL("../artifacts/", import.meta.url));

const name = `<img src="x" onerror="alert(1)"> & 'co'`;

describe("a page that meets with adversity", () => {
  const backEnds = {};
  let site;
  /** What the viewers of the white screen sent. */
  const heard = [];

  before(async () => {
    await mkdir(artifacts, { recursive: true });
    const treat = {
      white: screenThatSays(64, 64, undefined, (byte) => heard.push(byte)),
      nonsense: screenThatSays(64, 64, Buffer.alloc(1000, 77)),
      vast: screenThatSays(16384, 16384),
      tiny: screenThatSays(1, 1),
      shared: screenThatSays(64, 64),
      talkative: screenThatSays(64, 64, cutText("0123456789".repeat(1_000_000))),
    };
    for (const [server, how] of Object.entries(treat)) {
      backEnds[server] = await BackEnd.start(how);
    }
    const servers = Object.fromEntries(
      Object.entries(backEnds).map(([server, { address }]) => [server, address]),
    );
    site = await Site.start({
      servers: { ...servers, [name.replaceAll('"', '\\"')]: servers.white },
    });
  });

  after(async () => {
    await site?.stop();
    for (const backEnd of Object.values(backEnds)) {
      await backEnd.stop();
    }
  });

  test("a back end that sends nonsense", async () => {
    const page = await site.open(await site.oriel.link("nonsense"));
    await page.ended("back-end-protocol");
    await assertAccessible(page);
  });

  test("a desktop of 16384 by 16384", async () => {
    const page = await site.open(await site.oriel.link("vast"));
    await page.connected();
    const shown = await page.at("#screen canvas").boundingBox();
    assert.ok(shown.width > 700 && shown.height <= 760, JSON.stringify(shown));
    await page.click("disconnect");
    await page.ended("client-closed");
  });

  test("a desktop of one pixel", async () => {
    const page = await site.open(await site.oriel.link("tiny"));
    await page.connected();
    await page.screenshot(`${artifacts}one-pixel.png`);
  });

  test("a name with markup in it", async () => {
    const page = await site.open(await site.oriel.link(name.replaceAll('"', '\\"')));
    await page.connected();
    assert.equal(await page.at("#server-name").textContent(), name);
    assert.equal(await page.at("#server-name *").count(), 0);
  });

  test("10 MB copied in the guest", async () => {
    const page = await site.open(await site.oriel.link("talkative"));
    await page.connected();
    await page.says("hint", /copied on the server/);
    await page.click("clipboard-tool");
    await page.says("clipboard-from-server", /the first 5,000 characters of 10 MB/);
    await assertAccessible(page, "a long text from the guest");
    await page.screenshot(`${artifacts}clipboard.png`);
    await page.click("clipboard-copy");
    await page.says("clipboard-from-server", /It is in your clipboard/);
    assert.equal((await page.clipboard()).length, 10_000_000);
  });

  test("10 MB for the guest's clipboard", async () => {
    const page = await site.open(await site.oriel.link("white"));
    await page.connected();
    await page.putClipboard("x".repeat(10_000_000));
    await page.focusScreen();
    await page.strike("Control+V");
    await page.says(
      "hint",
      /too large for the server’s clipboard: 10 MB, where 1.05 MB are allowed/,
    );
    await page.click("clipboard-tool");
    await page.at("#clipboard-text").focus();
    await page.strike("Control+V");
    await page.says("clipboard-problem", /too large/);
    await page.strike("Escape");
    await page.putClipboard("just right");
    await page.focusScreen();
    await page.strike("Control+V");
    await page.says("hint", /Your clipboard was sent/);
    await until("the text to arrive", () => Buffer.concat(heard).includes("just right"));
  });

  test("a second tab with the same link", async () => {
    const link = await site.oriel.link("shared");
    const first = await site.open(link);
    await first.connected();
    const second = await site.openTab(first, link);
    await second.connected();
    assert.match(await first.says("viewers", /./), /2 viewers/);
    await first.at("#viewers summary").click();
    assert.match(await first.at("#viewers .people").textContent(), /admin \(you\)\s*Full control/);
    await assertAccessible(first, "who sees the screen");
    await first.screenshot(`${artifacts}viewers.png`);
  });

  describe("when the network is lost", () => {
    let network;
    let page;

    before(async () => {
      network = await Network.to(site.oriel.port);
      page = await site.open(network.link(await site.oriel.link("white")), {
        prepare: (page) => page.clock.install(),
      });
      await page.connected();
    });

    after(() => network?.stop());

    test("for 2 seconds: nothing is lost, and nothing said", async () => {
      network.cut();
      await page.focusScreen();
      const before = heard.length;
      await page.strike("a", "b", "c");
      await page.clock.runFor(2_000);
      assert.equal(heard.length, before, "the network is whole");
      network.mend();
      await until("the keys to arrive", () => heard.length > before);
      await page.connected();
    });

    test("for 2 minutes: the page notices by itself, and comes back", async () => {
      page.expectRefusals();
      network.cut();
      await page.clock.runFor(120_000);
      await page.resuming("network-lost");
      await assertAccessible(page, "a console that comes back");
      await page.screenshot(`${artifacts}resuming.png`);
      network.mend();
      await page.clock.runFor(60_000);
      await page.connected();
    });

    test("a computer that slept comes back at once", async () => {
      network.cut();
      await page.clock.fastForward("03:00:00");
      await page.clock.runFor(10_000);
      await page.resuming("network-lost");
      network.mend();
      await page.clock.runFor(30_000);
      await page.connected();
    });
  });
});

describe("a session whose time is over", () => {
  let backEnd;
  let site;

  before(async () => {
    backEnd = await BackEnd.start(screenThatSays(64, 64));
    site = await Site.start({
      servers: { white: backEnd.address },
      settings: { ORIEL_GATEWAY__LONGEST_SESSION: "2s", ORIEL_GATEWAY__VIEWERS: "one" },
    });
  });

  after(async () => {
    await site?.stop();
    await backEnd?.stop();
  });

  test("says so, and how to go on", async () => {
    const page = await site.open(await site.oriel.link("white"));
    await page.connected();
    await page.ended("session-too-long");
    assert.equal(await page.at("#new-link").textContent(), "How to get a link");
    await assertAccessible(page);
  });

  test("whoever opened a second tab reads that it may have been they", async () => {
    const link = await site.oriel.link("white");
    const first = await site.open(link);
    await first.connected();
    const second = await site.openTab(first, link);
    await second.connected();
    first.expectRefusals();
    second.expectRefusals();
    assert.match(
      await first.says("reason", /./),
      /^admin took .*: you in another window, or somebody/,
    );
  });
});
