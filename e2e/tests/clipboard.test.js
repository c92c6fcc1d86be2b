import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Desktop } from "../harness/desktop.js";
import { Site } from "../harness/site.js";
import { until } from "../harness/wait.js";

const toServer = "To the server: Größe, 漢字, 😀\nand a second line";
const toClient = "From the server: Äpfel, かな, 😀\nand a second line";

describe("the clipboard of a desktop and the person's", () => {
  let desktop;

  before(async () => {
    desktop = await Desktop.start();
  });

  after(() => desktop?.stop());

  for (const { allowed, there, back } of [
    { allowed: "both", there: true, back: true },
    { allowed: "to-server", there: true, back: false },
    { allowed: "to-client", there: false, back: true },
  ]) {
    test(`where it may go: ${allowed}`, async () => {
      // One way works by the old clipboard of the protocol alone, which has Latin-1.
      const plain = (text) => (allowed === "both" ? text : text.replace(/[^\n -ÿ]/gu, "?"));
      await desktop.copy("before");
      const site = await Site.start({
        servers: { desktop: desktop.screenAddress },
        settings: { ORIEL_GATEWAY__CLIPBOARD: allowed },
      });
      try {
        const page = await site.open(await site.oriel.link("desktop"));
        await page.connected();
        await page.putClipboard(toServer);
        await page.focusScreen();
        await page.strike("Control+V");
        if (there) {
          await page.says("hint", /Your clipboard was sent/);
          const arrived = async () => (await desktop.pasted()) === plain(toServer);
          await until("the text on the desktop", arrived);
        } else {
          await page.says("hint", /does not take your clipboard/);
          assert.equal(await desktop.pasted(), "before");
        }
        await desktop.copy(toClient);
        if (back) {
          await page.says("hint", /copied on the server/);
          await page.click("clipboard-tool");
          await page.says("clipboard-from-server", /and a second line/);
          await page.click("clipboard-copy");
          await page.says("clipboard-from-server", /It is in your clipboard/);
          assert.equal(await page.clipboard(), plain(toClient));
        } else {
          await page.click("clipboard-tool");
          await page.says("clipboard-from-server", /does not let text out/);
        }
      } finally {
        await site.stop();
      }
    });
  }
});
