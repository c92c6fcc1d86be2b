import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startBrowser } from "../harness/browser.js";
import { Guest } from "../harness/guest.js";
import { Oriel } from "../harness/oriel.js";

/** The most that may come until the first picture of a screen, in bytes. */
const most = 250_000;
const loads = 5;

describe("how much the console page is, and how quick", () => {
  let browser;
  let guest;
  let oriel;

  before(async () => {
    guest = await Guest.start("demo");
    oriel = await Oriel.start({ servers: { demo: guest.screenAddress } });
    browser = await startBrowser();
  });

  after(async () => {
    await browser?.close();
    await oriel?.stop();
    await guest?.stop();
  });

  /** Opens a link in a context of its own. What it loaded, and when what happened, in milliseconds since it began. */
  async function load(context) {
    const page = await context.newPage();
    let asked;
    page.once("websocket", () => {
      asked = Date.now();
    });
    await page.addInitScript(() => {
      new MutationObserver(() => {
        if (document.documentElement.dataset.state === "connected") {
          globalThis.shown ??= Date.now();
        }
      }).observe(document, { attributes: true, subtree: true, attributeFilter: ["data-state"] });
    });
    await page.goto(String(await oriel.link("demo")));
    await page.locator('html[data-state="connected"]').waitFor({ state: "attached" });
    const loaded = await page.evaluate(() => ({
      began: performance.timeOrigin,
      shown: globalThis.shown,
      files: ["navigation", "resource"]
        .flatMap((type) => performance.getEntriesByType(type))
        .map(({ name, transferSize, encodedBodySize }) => ({
          name: new URL(name).pathname,
          transferSize,
          encodedBodySize,
        })),
    }));
    await page.close();
    const since = (time) => Math.round(time - loaded.began);
    const times = { "the WebSocket": since(asked), "the first picture": since(loaded.shown) };
    return { times, files: loaded.files };
  }

  test("at most 250 KB come until the first picture", async (t) => {
    const times = [];
    for (let round = 0; round < loads; round += 1) {
      const context = await browser.newContext({ ignoreHTTPSErrors: true });
      const first = await load(context);
      const size = first.files.reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0);
      assert.ok(size > 0 && size <= most, `${size} bytes`);
      if (round === 0) {
        for (const { name, encodedBodySize } of first.files) {
          t.diagnostic(`${encodedBodySize} bytes: ${name}`);
        }
        t.diagnostic(`${size} bytes in all`);
      }
      times.push(first.times);
      await context.close();
    }
    for (const what of Object.keys(times[0])) {
      const all = times.map((time) => time[what]).toSorted((a, b) => a - b);
      t.diagnostic(`${what}: ${all.join(", ")} ms after the navigation`);
    }
  });
});
