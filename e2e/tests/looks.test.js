import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { assertAccessible } from "../harness/axe.js";
import { Guest } from "../harness/guest.js";
import { Site } from "../harness/site.js";

const artifacts = fileURLToPath(new URL("../artifacts/", import.meta.url));

const desktop = { viewport: { width: 1280, height: 800 } };
const phone = {
  viewport: { width: 360, height: 700 },
  deviceScaleFactor: 3,
  hasTouch: true,
  isMobile: true,
};

// Pictures for people to look at; and in each, nothing lies outside of the window or on anything else.
describe("the page looks as it should", () => {
  let guest;
  let site;

  before(async () => {
    await mkdir(artifacts, { recursive: true });
    guest = await Guest.start();
    site = await Site.start({ servers: { "web-1": guest.screenAddress } });
  });

  after(async () => {
    await site?.stop();
    await guest?.stop();
  });

  for (const [name, settings] of [
    ["desktop-light", desktop],
    ["desktop-dark", { ...desktop, colorScheme: "dark" }],
    ["phone-light", phone],
    ["phone-dark", { ...phone, colorScheme: "dark" }],
  ]) {
    test(`on a ${name.replace("-", ", ")}`, async () => {
      const page = await site.open(await site.oriel.link("web-1"), settings);
      await page.connected();
      const shoot = (what) => page.screenshot(join(artifacts, `${what}-${name}.png`));
      await shoot("bar");
      for (const panel of ["keys", "view", "facts"]) {
        await openPanel(page, panel);
        await page.page.locator(`#side.side-${panel}`).waitFor();
        await shoot(`panel-${panel}`);
        await nothingSticksOut(page);
        await assertAccessible(page, panel);
        await page.click("close-side");
      }
      if (settings.hasTouch) {
        await page.page.locator("#more summary").tap();
        await shoot("more");
        await page.page.locator("#more summary").tap();
        await page.page.locator("#touch-keyboard").tap();
        await page.page.locator("#key-strip").waitFor();
        await shoot("key-strip");
        await assertAccessible(page, "the strip of keys");
        await nothingSticksOut(page);
      }
      // The next one is alone with the server again.
      await page.page.goto("about:blank");
    });
  }

  async function openPanel({ page }, panel) {
    const button = page.locator(`#${panel}`);
    const isInMenu = (await page.locator(`#more #${panel}`).count()) > 0;
    if (isInMenu) {
      await page.locator("#more summary").click();
    }
    await button.click();
  }

  async function nothingSticksOut({ page }) {
    const out = await page.evaluate(() =>
      [...document.querySelectorAll("header *, #side button, #side select, #side label")]
        .filter((element) => element.checkVisibility({ visibilityProperty: true }))
        .filter((element) => element.closest("#key-strip") === null)
        .map((element) => ({ element, box: element.getBoundingClientRect() }))
        .filter(({ box }) => box.width > 1 && (box.left < -0.5 || box.right > innerWidth + 0.5))
        .map(({ element }) => element.id || element.className || element.tagName),
    );
    assert.deepEqual(out, [], "these stick out of the window");
  }
});
