import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Guest } from "../harness/guest.js";
import { Site } from "../harness/site.js";
import { Speaker } from "../harness/speaker.js";
import { until } from "../harness/wait.js";

const artifacts = fileURLToPath(new URL("../artifacts/", import.meta.url));
const prompt = "demo:/root#";

/** What a page has loaded so far. */
const requests = (page) =>
  page.page.evaluate(() => performance.getEntriesByType("resource").map(({ name }) => name));

describe("a server's consoles in the tabs of one page", () => {
  let guest;
  let site;

  before(async () => {
    await mkdir(artifacts, { recursive: true });
    guest = await Guest.start("demo");
    // It has booted, and leaves the line to whoever comes.
    guest.serial.close();
    site = await Site.start({
      servers: {
        demo: { consoles: { novnc: guest.screenAddress, serial: guest.serialAddress } },
        // Nobody asks for its SPICE port: the page does not show it.
        spice: {
          consoles: { novnc: guest.screenAddress, "spice-html5": "unix:/nonexistent/spice.sock" },
        },
        screen: guest.screenAddress,
      },
      settings: (url) => ({
        ORIEL_CONSOLES__SERIAL__LINK: "page",
        ORIEL_CONSOLES__SPICE_HTML5__BASE_URL: `${url}/spice_auto.html`,
      }),
    });
  });

  after(async () => {
    await site?.stop();
    await guest?.stop();
  });

  test("there are none where the server has one console", async () => {
    const page = await site.open(await site.oriel.link("screen"));
    await page.connected();
    await page.hides("tabs");
    const loaded = await requests(page);
    assert.deepEqual(
      loaded.filter((url) => /terminal/.test(url)),
      [],
      "the terminal is loaded where nobody asks for it",
    );
  });

  test("the line is beside the screen, and each stays live while the other is shown", async () => {
    const page = await site.open(await site.oriel.link("demo"));
    await page.connected();
    await page.shows(guest);
    await page.showTab("serial");
    await page.page.keyboard.type("\n");
    await page.terminalSays(prompt);
    const mark = await typed(page);
    await page.page.screenshot({ path: `${artifacts}serial.png` });

    await page.showTab("novnc");
    await page.shows(guest);
    // Typed on the screen, said on the line: a dot tells of it.
    await page.type(`echo hello > /dev/ttyS0\n`);
    await page.page.locator('[data-console="serial"] .fresh').waitFor();
    await page.page.screenshot({ path: `${artifacts}tabs.png` });
    await page.showTab("serial");
    await page.terminalSays("hello");
    await page.terminalSays(`<${mark}>`);
    await page.page.locator(".fresh").waitFor({ state: "detached" });
  });

  test("the keyboard goes from tab to tab", async () => {
    const page = await site.open(await site.oriel.link("demo"));
    await page.connected();
    const { keyboard } = page.page;
    const tab = (type) => page.page.locator(`[role="tab"][data-console="${type}"]`);
    await tab("novnc").focus();
    await keyboard.press("ArrowRight");
    assert.ok(await tab("serial").evaluate((one) => one === document.activeElement));
    assert.equal(await tab("serial").getAttribute("aria-selected"), "false", "not opened yet");
    await keyboard.press("Enter");
    await page.connected();
    assert.equal(await tab("serial").getAttribute("aria-selected"), "true");
    // The keyboard is the terminal's now.
    await keyboard.type("\n");
    await page.terminalSays(prompt);
    await keyboard.press("Control+Alt+Home");
    await until("the keyboard to be at the bar", () =>
      page.page.evaluate(() => document.activeElement.closest("section")?.id === "toolbar"),
    );
  });

  test("a link to the line opens the terminal, with what was said before", async () => {
    const link = await site.oriel.linkByClient("demo", undefined, "serial");
    assert.equal(link.pathname, "/serial.html");
    const page = await site.open(link);
    await page.connected();
    await page.page.keyboard.type("\n");
    await page.terminalSays(prompt);
    await page.page.locator(".past-mark").waitFor({ state: "attached" });
    await typed(page);
    const loaded = await requests(page);
    assert.deepEqual(
      loaded.filter((url) => /vnc-/.test(url)),
      [],
      "noVNC is loaded where nobody asks for it",
    );
    await page.page.emulateMedia({ colorScheme: "dark" });
    await page.page.screenshot({ path: `${artifacts}serial-past-dark.png` });
  });

  test("a link to SPICE says in words that this page does not show it, and offers what it does", async () => {
    const page = await site.open(await site.oriel.linkByClient("spice", undefined, "spice"));
    await page.ended("spice-not-shown");
    await page.page.screenshot({ path: `${artifacts}spice-not-shown.png` });
    await page.showTab("novnc");
    await page.shows(guest);
  });

  /** Types a command into the terminal and waits for what it prints, which is not how it is typed. */
  async function typed(page) {
    const mark = randomUUID().slice(0, 8);
    await page.page.keyboard.type(`echo "<"${mark}">"\n`);
    await page.terminalSays(`<${mark}>`);
    return mark;
  }
});

describe("the terminal", () => {
  let speaker;
  let site;
  let page;

  before(async () => {
    speaker = await Speaker.start();
    site = await Site.start({
      servers: { demo: { consoles: { serial: speaker.address } } },
      settings: { ORIEL_CONSOLES__SERIAL__LINK: "page" },
    });
    page = await site.open(await site.oriel.linkByClient("demo", undefined, "serial"));
    await page.page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await page.connected();
  });

  after(async () => {
    await site?.stop();
    await speaker?.stop();
  });

  const heard = (words) =>
    until(`${JSON.stringify(words)} on the line`, () => speaker.heard.includes(words));

  test("sends keys, and those that browsers keep to themselves by its menu", async () => {
    await page.page.keyboard.press("Control+c");
    await page.page.keyboard.type("gr\u00fc\u00dfe");
    await heard("\x03gr\u00fc\u00dfe");
    await page.click("terminal");
    await page.page.screenshot({ path: `${artifacts}serial-menu.png` });
    await page.click("send-w");
    await heard("\x17");
    await page.click("terminal");
    await page.click("size");
    await until("the size of the window", () => /stty rows \d+ columns \d+$/.test(speaker.heard));
    assert.equal(await page.page.locator("#break").count(), 0, "this line knows no break");
  });

  test("is as large as the window", async () => {
    const columns = () =>
      page.page.locator(".xterm-rows").evaluate((rows) => rows.getBoundingClientRect().width);
    const before = await columns();
    await page.page.setViewportSize({ width: 800, height: 600 });
    await until("the terminal to be narrower", async () => (await columns()) < before - 300);
    await page.page.setViewportSize({ width: 1280, height: 800 });
    await until("the terminal to be wide again", async () => (await columns()) === before);
  });

  test("pastes as the guest has asked for it, and refuses what is too long", async () => {
    await speaker.says("\x1b[?2004hready\r\n");
    await page.terminalSays("ready");
    const clipboard = (text) =>
      page.page.evaluate((text) => navigator.clipboard.writeText(text), text);
    await clipboard("two\nlines");
    await page.page.keyboard.press("Control+Shift+V");
    await heard("\x1b[200~two\rlines\x1b[201~");
    const before = speaker.heard.length;
    await clipboard("x".repeat(300_000));
    await page.page.keyboard.press("Control+Shift+V");
    await page.says("paste-too-long", /too long/);
    await page.page.keyboard.type("y");
    await heard("y");
    assert.equal(speaker.heard.length, before + 1, "nothing of it was sent");
    await clipboard("short");
    await page.page.keyboard.press("Control+Shift+V");
    await heard("short");
    await page.hides("paste-too-long");
  });

  test("finds and copies", async () => {
    const lines = Array.from(
      { length: 2000 },
      (_, at) => `line ${at} ${at % 500 === 7 ? "needle" : ""}`,
    );
    await speaker.says(`\x1b[2J\x1b[H${lines.join("\r\n")}\r\n`);
    await page.terminalSays("line 1999");
    await page.page.keyboard.press("Control+Shift+F");
    await page.page.locator("#find-text").fill("needle");
    await page.says("found", /of 4/);
    await page.terminalSays("line 1507 needle");
    await page.page.screenshot({ path: `${artifacts}serial-find.png` });
    await page.page.keyboard.press("Enter");
    await page.terminalSays("line 1007 needle");
    await page.page.locator("#find-text").fill("no such words");
    await page.says("found", /Not found/);
    await page.page.locator("#find-text").fill("line 1007 needle");
    await page.says("found", /of 1/);
    await page.page.keyboard.press("Escape");
    await page.hides("find-bar");
    await page.page.keyboard.press("Control+Shift+C");
    await until("the selection in the clipboard", async () => {
      const text = await page.page.evaluate(() => navigator.clipboard.readText());
      return text === "line 1007 needle";
    });
  });

  test("shows colours and what a guest sends to trick it, and does nothing of that", async () => {
    await page.page.evaluate(() => navigator.clipboard.writeText("mine"));
    // Whoever types sees the newest again.
    await page.page.keyboard.type("x");
    await speaker.says(
      "\x1b[2J\x1b[H\x1b[38;2;200;40;40mred\x1b[0m \x1b[1;32mgreen\x1b[0m " +
        `\x1b]52;c;${Buffer.from("stolen").toString("base64")}\x07` +
        "\x1b]0;<img src=x onerror=alert(1)>\x07\x1b]8;;javascript:alert(1)\x1b\\link\x1b]8;;\x1b\\ done\r\n",
    );
    await page.terminalSays("red green link done");
    const color = await page.page
      .locator(".xterm-rows span", { hasText: /^red$/ })
      .evaluate((span) => getComputedStyle(span).color);
    assert.notEqual(color, "rgb(26, 31, 38)", "a colour of its own");
    assert.equal(await page.page.evaluate(() => navigator.clipboard.readText()), "mine");
    assert.match(await page.page.title(), /^demo/);
  });

  test("bears a flood: the end of it is there, and the page answers", async () => {
    const line = Buffer.from(`${"the quick brown fox jumps over the lazy dog ".repeat(4)}\r\n`);
    const chunk = Buffer.concat(Array(2000).fill(line));
    for (let at = 0; at < 160; at += 1) {
      await speaker.says(chunk);
    }
    await speaker.says("x".repeat(100_000));
    await speaker.says("\r\nthe end\r\n");
    await page.terminalSays("the end");
    await page.page.keyboard.type("still here");
    await heard("still here");
  });

  test("is read aloud where that is wanted", async () => {
    await page.click("terminal");
    await page.page.locator("#screen-reader").check();
    await speaker.says("said to everyone\r\n");
    await page.page
      .locator(".xterm-accessibility")
      .filter({ hasText: "said to everyone" })
      .waitFor();
    await page.page.keyboard.press("Escape");
  });

  test("what could be scrolled back to is there when the line comes back, and nothing comes twice", async () => {
    const row = (number) => `row ${number} of those that come once\r\n`;
    const rows = (from, to) =>
      Array.from({ length: to - from }, (_, at) => row(from + at)).join("");
    await speaker.says(`\x1b[2J\x1b[H${rows(0, 20)}`);
    await page.terminalSays("row 19 ");
    assert.match(await site.oriel.command("drain"), /carries no console/);
    await page.resuming("drained");
    await page.page.screenshot({ path: `${artifacts}serial-resuming.png` });
    await speaker.says(rows(20, 30));
    await site.oriel.command("drain", "--undo");
    await page.connected();
    await speaker.says(rows(30, 33));
    await page.terminalSays("row 32 ");
    const shown = (await page.terminalRows()).split("\n").filter((one) => one !== "");
    const once = rows(0, 33).trim().split("\r\n");
    assert.deepEqual(shown, once);
  });

  test("where the line was lost for good, that is said", async () => {
    await speaker.says("said before it was lost\r\n");
    await page.terminalSays("said before it was lost");
    await speaker.hangUp();
    await page.resuming("back-end-closed");
    await page.connected();
    await speaker.says("another machine, perhaps\r\n");
    await page.terminalSays("another machine, perhaps");
    assert.match(await page.terminalRows(), /Connected again at .*\n*another machine/s);
    assert.match(await page.terminalRows(), /said before it was lost/);
  });
});

describe("the terminal of a browser with WebGL", () => {
  let speaker;
  let site;

  before(async () => {
    speaker = await Speaker.start();
    site = await Site.start({
      servers: { demo: { consoles: { serial: speaker.address } } },
      settings: { ORIEL_CONSOLES__SERIAL__LINK: "page" },
      webgl: true,
    });
  });

  after(async () => {
    await site?.stop();
    await speaker?.stop();
  });

  test("is drawn by it, in the colours that were sent, and by elements once it is taken away", async () => {
    const page = await site.open(await site.oriel.linkByClient("demo", undefined, "serial"));
    await page.connected();
    await page.page.locator(".xterm-screen canvas").first().waitFor();
    assert.equal(await page.page.locator(".xterm-rows").count(), 0);
    await speaker.says(
      "\x1b[38;2;10;120;40mcoloured\x1b[0m and plain\r\n\x1b[7mreverse\x1b[0m\r\n",
    );
    await page.page.keyboard.type("x");
    await until("the key on the line", () => speaker.heard.includes("x"));
    await page.page.screenshot({ path: `${artifacts}serial-webgl.png` });
    await page.page.locator(".xterm-screen canvas").evaluateAll((canvases) => {
      for (const canvas of canvases) {
        canvas.getContext("webgl2")?.getExtension("WEBGL_lose_context")?.loseContext();
      }
    });
    await page.terminalSays("coloured and plain");
  });
});
