import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { chromium } from "playwright-core";
import { until } from "./wait.js";

const messages = JSON.parse(
  await readFile(new URL("../../web/src/common/messages/en.json", import.meta.url), "utf8"),
);

const flags = [
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  // Sites of the tests, each with a name of its own on this machine.
  "--host-resolver-rules=MAP *.example 127.0.0.1",
];

/** Chromium writes these by itself when a request is refused. They are no faults of the page. */
const refusals = [
  /^Failed to load resource: /,
  /^WebSocket connection to .* failed/,
  // noVNC tells what it could not read.
  /^(Failed (while connected|when connecting)|RFB failure): /,
  /^Tried changing state of a disconnected RFB object/,
  /^Disconnection timed out\.$/,
];

/** The keys of a US keyboard for the characters that are not on a key of their own name. */
const keys = {
  " ": "Space",
  "\n": "Enter",
  "-": "Minus",
  ".": "Period",
  "/": "Slash",
  ">": "Shift+Period",
  "&": "Shift+Digit7",
};

/** With WebGL, the terminal is drawn by it; without, with elements, whose words a test can read. */
export const startBrowser = ({ webgl = false } = {}) =>
  chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: webgl ? flags : [...flags, "--disable-3d-apis"],
  });

/** A console link, opened in a browser context of its own: nothing is shared with any other page. */
export class ConsolePage {
  #context;
  #page;
  /** Where the console is: the page itself, or a frame in it. */
  #view;
  #errors = [];
  #refusals = [];
  #ended = false;

  /** `options` are those of Playwright's contexts; `prepare` gets the page before it goes to the link. */
  static async open(browser, url, { prepare = async () => {}, ...options } = {}) {
    const console = new ConsolePage();
    console.#context = await browser.newContext({
      ignoreHTTPSErrors: true,
      locale: "en-GB",
      viewport: { width: 1280, height: 800 },
      ...options,
    });
    return console.#openTab(url, prepare);
  }

  /** The same link, or another, in a further tab of the same browser. */
  async openTab(url) {
    const console = new ConsolePage();
    console.#context = this.#context;
    return console.#openTab(url, async () => {});
  }

  async #openTab(url, prepare) {
    this.#page = await this.#context.newPage();
    this.#view = this.#page;
    this.#listen();
    await prepare(this.#page);
    await this.#page.goto(String(url));
    return this;
  }

  /** A page that shows the console in a frame, its only one. */
  static async openFramed(browser, url) {
    const console = await ConsolePage.open(browser, url);
    console.#view = console.#page.frameLocator("iframe");
    return console;
  }

  #listen() {
    this.#page.on("pageerror", (error) => this.#errors.push(error.stack ?? String(error)));
    this.#page.on("console", (message) => {
      if (message.type() === "error") {
        const text = message.text();
        const list = refusals.some((pattern) => pattern.test(text)) ? this.#refusals : this.#errors;
        list.push(text);
      }
    });
  }

  /** Waits until the screen is live. */
  async connected() {
    await this.#is("connected", "ended");
    assert.equal(await this.#mark("state"), "connected", await this.#words());
  }

  /** Waits until the console has ended, and checks that a person can read why and what to do. */
  async ended(reason) {
    this.#ended = true;
    await this.#is("ended");
    assert.equal(await this.#mark("reason"), reason, await this.#words());
    for (const [id, message] of [
      ["reason", `ended.${reason}.what`],
      ["next", `ended.${reason}.next`],
    ]) {
      const line = this.#view.locator(`#${id}`);
      assert.equal(await line.textContent(), messages[message]);
      assert.ok(await line.isVisible(), `#${id} is not visible`);
    }
  }

  /** Waits until the page tries by itself to come back, for this reason, with the last picture in sight. */
  async resuming(reason) {
    this.#ended = true;
    await this.#is("resuming", "ended");
    assert.equal(await this.#mark("state"), "resuming", await this.#words());
    await this.#page.locator(`html[data-reason="${reason}"]`).waitFor({ state: "attached" });
    const kept = this.#page.locator('.surface[data-shown="true"] :is(.last-picture, .screen)');
    assert.ok(await kept.filter({ visible: true }).count(), "no last picture");
  }

  /** Goes to another of the server's consoles, and waits until it is live. */
  async showTab(type) {
    await this.#page.locator(`[role="tab"][data-console="${type}"]`).click();
    await this.#page.locator(`html[data-console="${type}"]`).waitFor({ state: "attached" });
    await this.connected();
  }

  /** Waits until these words stand on the terminal's rows that are in sight. */
  async terminalSays(text) {
    let rows = "";
    try {
      await until(`${JSON.stringify(text)} on the terminal`, async () => {
        rows = await this.terminalRows();
        return rows.includes(text);
      });
    } catch (error) {
      error.message += `; it shows:\n${rows}`;
      throw error;
    }
  }

  /** The terminal's rows that are in sight. A browser without WebGL draws them with elements. */
  async terminalRows() {
    const rows = await this.#page.locator(".xterm-rows > div").allTextContents();
    return rows.map((row) => row.replaceAll("\u00a0", " ").trimEnd()).join("\n");
  }

  /** Waits for words on the page, and returns them. */
  async says(id, pattern) {
    const line = this.#page.locator(`#${id}`).filter({ hasText: pattern });
    await line.waitFor({ timeout: 30_000 });
    return line.textContent();
  }

  /** Waits until a part of the page is out of sight. */
  async hides(id) {
    await this.#page.locator(`#${id}`).waitFor({ state: "hidden" });
  }

  /** Clicks one of the page's own buttons. */
  async click(id) {
    await this.#page.locator(`#${id}`).click();
  }

  /** Notes a mark that a reload would lose. */
  async mark() {
    await this.#page.evaluate(() => {
      globalThis.markOfTest = true;
    });
  }

  async isMarked() {
    return this.#page.evaluate(() => globalThis.markOfTest === true);
  }

  /** Goes to a link in the same browser, as a page of its own. */
  async visit(url) {
    this.#view = this.#page;
    await this.#page.goto(String(url));
  }

  async reload() {
    await this.#page.reload();
  }

  /** Loads what the frame shows once more, and leaves the page around it as it is. */
  async reloadFrame() {
    const frame = this.#page.frames().at(-1);
    const loaded = frame.waitForNavigation();
    await frame.evaluate(() => location.reload());
    await loaded;
  }

  /** Waits until the browser says that it shows no frame here, and why. */
  async frameRefused() {
    const policy = /frame-ancestors/;
    await until("the frame to be refused", () => this.#errors.some((text) => policy.test(text)));
    this.#errors = this.#errors.filter((text) => !policy.test(text));
    await until("the frame to show the refusal", () =>
      this.#page.frames().at(-1).url().startsWith("chrome-error:"),
    );
  }

  /** Types as a person does, on a US keyboard. */
  async type(text) {
    await this.#screen.click();
    for (const character of text) {
      await this.#page.keyboard.press(keyOf(character));
    }
  }

  /** Strikes one key, by the name that browsers have for it. */
  async press(key) {
    await this.#screen.click();
    await this.#page.keyboard.press(key);
  }

  /** Waits until the page shows what QEMU says is on the guest's screen. */
  async shows(guest) {
    await until("the page to show the guest's screen", async () => {
      const [shown, real] = [await this.picture(), await guest.screen()];
      return likeness(shown, real) > 0.99 && litPixels(shown) > 1000;
    });
  }

  /** The pixels on the page's canvas. */
  async picture() {
    const { width, height, data } = await this.#screen.evaluate((canvas) => {
      const { width, height } = canvas;
      const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
      const bytes = Array.from(data, (byte) => String.fromCharCode(byte));
      return { width, height, data: btoa(bytes.join("")) };
    });
    const rgba = Buffer.from(data, "base64");
    return { width, height, rgb: rgba.filter((_, index) => index % 4 !== 3) };
  }

  /** Parts of the page, as Playwright finds them. */
  at(selector) {
    return this.#view.locator(selector);
  }

  /** Strikes keys wherever the keyboard leads to, by the names that browsers have for them. */
  async strike(...chords) {
    for (const chord of chords) {
      await this.#page.keyboard.press(chord);
    }
  }

  /** Leads the keyboard to the server's screen. */
  async focusScreen() {
    await this.#screen.focus();
  }

  /** What a person has in the clipboard, whatever the page itself may do with it. */
  async putClipboard(text) {
    await this.#withClipboard((page) =>
      page.evaluate((text) => navigator.clipboard.writeText(text), text),
    );
  }

  async clipboard() {
    return this.#withClipboard((page) => page.evaluate(() => navigator.clipboard.readText()));
  }

  async #withClipboard(use) {
    await this.#context.grantPermissions(["clipboard-read", "clipboard-write"]);
    await this.#page.bringToFront();
    try {
      return await use(this.#page);
    } finally {
      await this.#context.clearPermissions();
    }
  }

  /** Changes what the page is shown on: `{ width, height }`, or a colour scheme. */
  async showOn({ colorScheme, ...size }) {
    if (size.width) {
      await this.#page.setViewportSize(size);
    }
    if (colorScheme) {
      await this.#page.emulateMedia({ colorScheme });
    }
  }

  /** The browser's clock, where a test has it in hand. */
  get clock() {
    return this.#page.clock;
  }

  /** Runs a function, or an expression, in the page. */
  evaluate(what, argument) {
    return this.#page.evaluate(what, argument);
  }

  screenshot(path) {
    return this.#page.screenshot({ path });
  }

  /** The page as Playwright has it, for what a test of one part of it does. */
  get page() {
    return this.#page;
  }

  get context() {
    return this.#context;
  }

  async cookies() {
    return this.#context.cookies();
  }

  /** Says that requests of the page are to fail in this test: the browser may write of it. */
  expectRefusals() {
    this.#ended = true;
  }

  /** Closes it, and fails if anything went wrong in it that should not have. */
  async close() {
    await this.#context.close();
    assert.deepEqual(this.#errors, [], "the page had errors");
    assert.deepEqual(this.#ended ? [] : this.#refusals, [], "requests of the page were refused");
  }

  get #screen() {
    return this.#view.locator('.surface[data-shown="true"] .screen canvas');
  }

  #is(...states) {
    const selector = states.map((state) => `html[data-state="${state}"]`).join(", ");
    return this.#view.locator(selector).waitFor({ state: "attached", timeout: 30_000 });
  }

  #mark(name) {
    return this.#view.locator("html").getAttribute(`data-${name}`);
  }

  async #words() {
    return (await this.#view.locator("main").innerText()).trim();
  }
}

function keyOf(character) {
  if (/[a-z]/.test(character)) {
    return `Key${character.toUpperCase()}`;
  }
  if (/[A-Z]/.test(character)) {
    return `Shift+Key${character}`;
  }
  if (/[0-9]/.test(character)) {
    return `Digit${character}`;
  }
  const key = keys[character];
  assert.ok(key, `no key is known for ${JSON.stringify(character)}`);
  return key;
}

/** How much of two pictures is the same, from 0 to 1. */
function likeness(a, b) {
  if (a.width !== b.width || a.height !== b.height) {
    return 0;
  }
  let same = 0;
  for (let at = 0; at < a.rgb.length; at += 3) {
    same += [0, 1, 2].every((part) => Math.abs(a.rgb[at + part] - b.rgb[at + part]) < 16) ? 1 : 0;
  }
  return same / (a.width * a.height);
}

function litPixels({ rgb }) {
  let lit = 0;
  for (let at = 0; at < rgb.length; at += 3) {
    lit += Math.max(rgb[at], rgb[at + 1], rgb[at + 2]) > 64 ? 1 : 0;
  }
  return lit;
}
