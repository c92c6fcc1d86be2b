import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { assertAccessible } from "../harness/axe.js";
import { Guest } from "../harness/guest.js";
import { Site } from "../harness/site.js";
import { until } from "../harness/wait.js";

const artifacts = fileURLToPath(new URL("../artifacts/", import.meta.url));

describe("text is typed from the page", () => {
  let guest;
  let site;
  let page;

  before(async () => {
    await mkdir(artifacts, { recursive: true });
    guest = await Guest.start("demo", { GUEST_KEY_DELAY: "1" });
    const settings = { ORIEL_TYPING__MAX_RATE: "200", ORIEL_TYPING__MAX_CHARACTERS: "5000" };
    site = await Site.start({ servers: { demo: guest.screenAddress }, settings });
    // A terminal of the guest's own, that nothing but the test reads.
    await guest.serial.answers("chvt 2; exec 3<>/dev/tty2");
    page = await site.open(await site.oriel.link("demo"));
    await page.connected();
  });

  after(async () => {
    await site?.stop();
    await guest?.stop();
  });

  test("with Enter at the end, and nothing of it stays on the page", async () => {
    await page.click("type-text");
    assert.equal(await page.at("#typing-layout").inputValue(), "en-gb");
    await page.at("#typing-layout").selectOption("en-us");
    await page.at("#typing-text").fill("A page, an Enter & nothing else: #1");
    await page.at("#typing-enter").check();
    assert.match(
      await page.at("#typing-count").textContent(),
      /^35 characters, about \d seconds?$/,
    );
    await shown("typing-form");
    const reading = read(36);
    await page.click("typing-start");
    await page.says("typing-outcome", /^All 36 characters were typed\.$/);
    assert.equal(await reading, "A page, an Enter & nothing else: #1\n");
    await shown("typing-done");
    await page.click("typing-another");
    assert.equal(await page.at("#typing-text").inputValue(), "");
    assert.ok(!(await page.evaluate("document.documentElement.outerHTML")).includes("A page, an"));
    await page.strike("Escape");
    await page.hides("typing");
  });

  test("the layout is remembered for the server", async () => {
    await page.reload();
    await page.connected();
    await page.click("type-text");
    assert.equal(await page.at("#typing-layout").inputValue(), "en-us");
  });

  test("it is stopped, says how far it came, and goes on from there", async () => {
    const text = `${"stop and go ".repeat(12)}\n`;
    const reading = read(text.length, 60);
    await page.at("#typing-text").fill(text);
    await page.click("typing-start");
    await until("some of it to be typed", async () => {
      return (await page.at("#typing-progress").getAttribute("value")) > 10;
    });
    await shown("typing-under-way");
    await page.click("typing-stop");
    const words = await page.says("typing-outcome", /^Stopped/);
    const [, typed] = words.match(/^Stopped after (\d+) of 145 characters\.$/);
    assert.ok(Number(typed) > 10 && Number(typed) < 145, words);
    await shown("typing-stopped");
    await page.click("typing-go-on");
    await page.says("typing-outcome", /^All 145 characters were typed\.$/);
    assert.equal(await reading, text);
    await page.click("typing-another");
  });

  test("what the layout lacks is shown before anything is typed, and may be left out", async () => {
    page.expectRefusals();
    await page.at("#typing-text").fill("price: 5 € or 漢\n");
    await page.click("typing-start");
    assert.match(
      await page.says("typing-lacking", /./),
      /no keys for 2 different characters of this text/,
    );
    assert.deepEqual(await page.at("#typing .marked mark").allTextContents(), ["€", "漢"]);
    await shown("typing-lacking");
    const reading = read(14);
    await page.click("typing-leave-out");
    await page.says("typing-outcome", /^All 14 characters were typed\.$/);
    assert.equal(await reading, "price: 5  or \n");
    await page.click("typing-close");
  });

  test("a password is not shown", async () => {
    await page.click("type-text");
    await page.at("#typing-hide").check();
    await page.at("#typing-text").fill("secret €");
    assert.equal(
      await page.evaluate(
        'getComputedStyle(document.getElementById("typing-text")).webkitTextSecurity',
      ),
      "disc",
    );
    await shown("typing-hidden");
    await page.click("typing-start");
    await page.says("typing-lacking", /./);
    assert.doesNotMatch(await page.at("#typing").textContent(), /secret|€/);
    await assertAccessible(page, "a hidden text that cannot be typed");
    await page.strike("Escape");
  });

  test("a text that is too long is refused in words, 10 MB of it at once", async () => {
    await page.putClipboard("x".repeat(10_000_000));
    await page.click("type-text");
    await page.at("#typing-text").focus();
    await page.strike("Control+V");
    assert.equal(
      await page.says("typing-problem", /./),
      "This text has 10,000,000 characters. At most 5,000 can be typed at once: type it in parts.",
    );
    assert.ok(await page.at("#typing-start").isDisabled());
    await page.strike("Escape");
  });

  test("Ctrl+Shift+V offers the clipboard, and types nothing by itself", async () => {
    await page.putClipboard("echo one\necho two\n");
    await page.focusScreen();
    await page.strike("Control+Shift+V");
    await page.at("#typing").waitFor();
    assert.equal(await page.at("#typing-text").inputValue(), "echo one\necho two\n");
    const reading = read(18);
    await page.strike("Enter");
    await page.says("typing-outcome", /^All 18 characters/);
    assert.equal(await reading, "echo one\necho two\n");
    await page.strike("Escape");
  });

  test("Ctrl+V reaches the guest as a key, and the page offers to type", async () => {
    await guest.serial.answers("stty raw <&3");
    await page.putClipboard("pasted");
    await page.focusScreen();
    const reading = read(2);
    await page.strike("Control+V", "x");
    assert.equal(await reading, "\x16x");
    await page.says("hint", /have the text typed/);
    await shown("paste-hint");
    await page.click("hint-action");
    assert.equal(await page.at("#typing-text").inputValue(), "pasted");
    await guest.serial.answers("stty -raw icrnl <&3");
  });

  /** A picture for whoever looks, after axe has looked. */
  async function shown(name) {
    await assertAccessible(page, name);
    await page.screenshot(`${artifacts}${name}.png`);
  }

  /** The next so many bytes that are typed at the terminal. */
  async function read(bytes, patience = 40) {
    const command = `timeout ${patience} dd bs=1 count=${bytes} of=/tmp/typed <&3 2>/dev/null; base64 /tmp/typed`;
    const answer = await guest.serial.answers(command, patience + 30);
    return Buffer.from(answer, "base64").toString();
  }
});
