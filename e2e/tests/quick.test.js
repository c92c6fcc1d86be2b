import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Guest } from "../harness/guest.js";
import { Site } from "../harness/site.js";

/** The most that may come until the first picture of a screen, in bytes. */
const most = 250_000;
const loads = 5;

describe("how much the console page is, and how quick", () => {
  let guest;
  let site;

  before(async () => {
    guest = await Guest.start("demo");
    site = await Site.start({ servers: { demo: guest.screenAddress } });
  });

  after(async () => {
    await site?.stop();
    await guest?.stop();
  });

  /** Opens a link. What it loaded, and when what happened, in milliseconds since the navigation began. */
  async function load() {
    let asked;
    const watch = (page) => {
      page.once("websocket", () => {
        asked = Date.now();
      });
      return page.addInitScript(() => {
        new MutationObserver(() => {
          if (document.documentElement.dataset.state === "connected") {
            globalThis.shown ??= Date.now();
          }
        }).observe(document, { attributes: true, subtree: true, attributeFilter: ["data-state"] });
      });
    };
    const page = await site.open(await site.oriel.link("demo"), { prepare: watch });
    await page.connected();
    const { began, shown, files } = await page.page.evaluate(() => ({
      began: performance.timeOrigin,
      shown: globalThis.shown,
      files: ["navigation", "resource"]
        .flatMap((type) => performance.getEntriesByType(type))
        .map(({ name, encodedBodySize }) => ({ name: new URL(name).pathname, encodedBodySize })),
    }));
    const since = (time) => Math.round(time - began);
    return { files, times: { "the WebSocket": since(asked), "the first picture": since(shown) } };
  }

  test("at most 250 KB come until the first picture", async (t) => {
    const times = [];
    for (let round = 0; round < loads; round += 1) {
      const loaded = await load();
      const size = loaded.files.reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0);
      assert.ok(size > 0 && size <= most, `${size} bytes`);
      if (round === 0) {
        for (const { name, encodedBodySize } of loaded.files) {
          t.diagnostic(`${encodedBodySize} bytes: ${name}`);
        }
        t.diagnostic(`${size} bytes in all`);
      }
      times.push(loaded.times);
    }
    for (const what of Object.keys(times[0])) {
      const all = times.map((time) => time[what]).toSorted((a, b) => a - b);
      t.diagnostic(`${what}: ${all.join(", ")} ms after the navigation`);
    }
  });
});
