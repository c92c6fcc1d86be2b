import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { assertAccessible } from "../harness/axe.js";
import { BackEnd, cutText, screenThatSays, silent, whiteScreen } from "../harness/back-ends.js";
import { Site } from "../harness/site.js";

const artifacts = fileURLToPath(new URL("../artifacts/", import.meta.url));

// Typing, long clipboards, lost networks and ends are looked at where they are tested.
describe("axe-core finds nothing", () => {
  let backEnds;
  let site;

  before(async () => {
    await mkdir(artifacts, { recursive: true });
    backEnds = {
      white: await BackEnd.start(whiteScreen),
      silent: await BackEnd.start(silent),
      talkative: await BackEnd.start(screenThatSays(64, 64, cutText("from the guest"))),
    };
    const servers = Object.fromEntries(
      Object.entries(backEnds).map(([name, { address }]) => [name, address]),
    );
    site = await Site.start({
      servers,
      settings: {
        ORIEL_GATEWAY__VIEWERS: "one",
        ORIEL_GATEWAY__IDLE_TIMEOUT: "10m",
        ORIEL_GATEWAY__IDLE_WARNING: "9m59s",
        ORIEL_GATEWAY__CLIPBOARD: "off",
      },
    });
  });

  after(async () => {
    await site?.stop();
    for (const backEnd of Object.values(backEnds ?? {})) {
      await backEnd.stop();
    }
  });

  for (const colorScheme of ["light", "dark"]) {
    test(`in a live console, ${colorScheme}, with each of its panels`, async () => {
      const page = await site.open(await site.oriel.link("white"), { colorScheme });
      await page.connected();
      await assertAccessible(page, "a live console");
      for (const [tool, panel] of [
        ["type-text", "typing"],
        ["clipboard-tool", "clipboard"],
      ]) {
        await page.click(tool);
        await page.at(`#${panel}`).waitFor();
        await assertAccessible(page, `${panel}, ${colorScheme}`);
        await page.screenshot(`${artifacts}${panel}-${colorScheme}.png`);
        await page.strike("Escape");
        await page.hides(panel);
      }
      await page.at("#language summary").click();
      await assertAccessible(page, "the languages");
      await page.screenshot(`${artifacts}languages-${colorScheme}.png`);
    });
  }

  test("while it opens", async () => {
    const page = await site.open(await site.oriel.link("silent"));
    await page.says("reason", /Connecting to the server’s screen/);
    await assertAccessible(page);
    page.expectRefusals();
  });

  test("in the idle warning", async () => {
    const page = await site.open(await site.oriel.link("white"));
    await page.connected();
    await page.says("banner-text", /It closes in \d+ s/);
    await assertAccessible(page);
    await page.screenshot(`${artifacts}idle.png`);
  });

  test("in a console that somebody took over", async () => {
    const page = await site.open(await site.oriel.link("white"));
    await page.connected();
    const other = await site.open(await site.oriel.link("white"));
    await other.connected();
    page.expectRefusals();
    assert.equal(await page.says("retry", /./), "Take back");
    await assertAccessible(page);
    await page.screenshot(`${artifacts}taken-over.png`);
  });

  test("where the clipboard is forbidden, which is said both ways", async () => {
    const page = await site.open(await site.oriel.link("talkative"));
    await page.connected();
    await page.click("clipboard-tool");
    await page.says("clipboard-from-server", /does not let text out of the server/);
    await page.says("clipboard-to-server", /does not let text into the server’s clipboard/);
    assert.equal(await page.at("#clipboard-text").count(), 0);
    await page.strike("Escape");
    await page.putClipboard("not for the guest");
    await page.focusScreen();
    await page.strike("Control+V");
    await page.says("hint", /does not take your clipboard, but text can be typed/);
    assert.equal(await page.at("#clipboard-copy").count(), 0);
    await assertAccessible(page);
  });
});
