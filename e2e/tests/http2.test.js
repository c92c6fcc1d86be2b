import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { BackEnd, whiteScreen } from "../harness/back-ends.js";
import { Site } from "../harness/site.js";

describe("a console on the browser's HTTP/2 connection", () => {
  let backEnd;

  before(async () => {
    backEnd = await BackEnd.start(whiteScreen);
  });

  after(() => backEnd?.stop());

  for (const [setting, method] of [
    ["true", "CONNECT"],
    ["false", "GET"],
  ]) {
    test(`is opened with ${method} where listen.http2_websockets is ${setting}`, async () => {
      const servers = { white: backEnd.address };
      const settings = { ORIEL_LISTEN__HTTP2_WEBSOCKETS: setting };
      const site = await Site.start({ servers, settings });
      try {
        const page = await site.open(await site.oriel.link("white"));
        await page.connected();
        const opened = site.oriel.log
          .split("\n")
          .filter((line) => line.includes('"answered"') && line.includes('"/websockify"'))
          .map((line) => JSON.parse(line).method);
        assert.deepEqual(opened, [method]);
      } finally {
        await site.stop();
      }
    });
  }
});
