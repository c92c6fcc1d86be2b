import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { BackEnd, whiteScreen } from "../harness/back-ends.js";
import { Site } from "../harness/site.js";

const graceSeconds = 5;

describe("Oriel is told to stop", () => {
  let backEnd;
  let site;

  before(async () => {
    backEnd = await BackEnd.start(whiteScreen);
    site = await Site.start({
      servers: { white: backEnd.address },
      settings: { ORIEL_GATEWAY__STOP_GRACE: `${graceSeconds}s` },
    });
  });

  after(async () => {
    await site?.stop();
    await backEnd?.stop();
  });

  test("an open page says so, and the program ends", async () => {
    const page = await site.open(await site.oriel.link("white"));
    await page.connected();
    site.oriel.terminate();
    await page.resuming("stopping");
    assert.deepEqual(await site.oriel.ended(), { code: 0, signal: null });
  });
});
