import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { BackEnd, whiteScreen } from "../harness/back-ends.js";
import { Guest } from "../harness/guest.js";
import { Site } from "../harness/site.js";

describe("a page comes back by itself", () => {
  let guest;
  let site;
  let page;

  before(async () => {
    guest = await Guest.start("first");
    site = await Site.start({ servers: { demo: guest.screenAddress } });
    page = await site.open(await site.oriel.link("demo"));
    await page.connected();
    await page.shows(guest);
    await page.mark();
  });

  after(async () => {
    await site?.stop();
    await guest?.stop();
  });

  test("to a machine that was started again elsewhere", async () => {
    await guest.stop();
    await page.resuming("back-end-closed");
    guest = await Guest.start("second");
    await site.oriel.move({ demo: guest.screenAddress });
    await live();
  });

  test("to a gateway that was restarted", async () => {
    assert.deepEqual(await site.oriel.restart(), { code: 0, signal: null });
    await live();
  });

  test("after a drain, once sessions may begin again", async () => {
    assert.match(await site.oriel.command("drain"), /carries no console/);
    await page.resuming("drained");
    await site.oriel.command("drain", "--undo");
    await live();
  });

  /** The same page, not a reload of it, shows the guest and types into it. */
  async function live() {
    await page.connected();
    assert.ok(await page.isMarked(), "the page was loaded anew");
    await page.shows(guest);
    const mark = `Oriel-${randomUUID().slice(0, 8)}`;
    await page.type(`echo ${mark} > /dev/ttyS0\n`);
    await guest.serial.says(mark);
  }
});

describe("one viewer at a time", () => {
  let backEnd;
  let site;

  before(async () => {
    backEnd = await BackEnd.start(whiteScreen);
    site = await Site.start({
      servers: { white: backEnd.address },
      settings: { ORIEL_GATEWAY__VIEWERS: "one" },
    });
  });

  after(async () => {
    await site?.stop();
    await backEnd?.stop();
  });

  test("the loser reads who took over and takes back, and nobody fights", async () => {
    const first = await site.open(await site.oriel.link("white"));
    await first.connected();
    const second = await site.open(await site.oriel.link("white"));
    await second.connected();
    assert.match(await first.says("reason", /admin/), /^admin took this console over at /);
    assert.equal(await first.says("retry", /./), "Take back");
    await first.click("retry");
    await first.connected();
    assert.match(await second.says("reason", /admin/), /^admin took this console over at /);
  });
});

describe("a console that nobody uses", () => {
  let backEnd;
  let site;

  before(async () => {
    backEnd = await BackEnd.start(whiteScreen);
    site = await Site.start({
      servers: { white: backEnd.address },
      settings: { ORIEL_GATEWAY__IDLE_TIMEOUT: "10s", ORIEL_GATEWAY__IDLE_WARNING: "8s" },
    });
  });

  after(async () => {
    await site?.stop();
    await backEnd?.stop();
  });

  test("warns its viewer, who may stay, and ends", async () => {
    const page = await site.open(await site.oriel.link("white"));
    await page.connected();
    assert.match(await page.says("banner-text", /closes/), /It closes in [1-8] s\.$/);
    await page.click("stay");
    await page.hides("banner");
    await page.ended("idle");
  });
});
