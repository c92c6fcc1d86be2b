import assert from "node:assert/strict";
import { ConsolePage, startBrowser } from "./browser.js";
import { LinePage } from "./line.js";
import { Oriel } from "./oriel.js";

/** Oriel with people who look at it: the program, a browser, and every page that was opened. */
export class Site {
  #browser;
  #pages = [];

  /** `webgl`: the browser has it. The other options are Oriel's. */
  static async start({ webgl = false, ...options } = {}) {
    const site = new Site();
    try {
      site.oriel = await Oriel.start(options);
      site.#browser = await startBrowser({ webgl });
    } catch (error) {
      await site.#clear();
      throw error;
    }
    return site;
  }

  /** Opens a link in a browser context of its own. */
  async open(url, options) {
    const page = await ConsolePage.open(this.#browser, url, options);
    this.#pages.push(page);
    return page;
  }

  /** Opens a link in a further tab of a page's browser. */
  async openTab(page, url) {
    const tab = await page.openTab(url);
    this.#pages.push(tab);
    return tab;
  }

  /** Opens a page that shows the console in a frame, in a browser context of its own. */
  async openFramed(url) {
    const page = await ConsolePage.openFramed(this.#browser, url);
    this.#pages.push(page);
    return page;
  }

  /** Opens the WebSocket of a serial console in a browser context of its own. */
  async openLine(url) {
    const page = await LinePage.open(this.#browser, this.oriel.url, url);
    this.#pages.push(page);
    return page;
  }

  /** A link that is complete but for the token, or has one that nobody was given. */
  linkWith(query) {
    return new URL(`/vnc.auto.html?${new URLSearchParams(query)}`, this.oriel.url);
  }

  /** Notes the browsers' cookies, so that they are looked for in the log too. */
  async noteCookies() {
    for (const page of this.#pages) {
      for (const { name, value } of await page.cookies()) {
        this.oriel.remember(`the cookie ${name}`, value);
      }
    }
  }

  /** Ends everything, and fails if a page had errors or the log gives away a secret. */
  async stop() {
    try {
      await this.noteCookies();
      for (const page of this.#pages) {
        await page.close();
      }
    } finally {
      await this.#clear();
    }
    assert.deepEqual(this.oriel.secretsInLog(), [], "the log gives away secrets");
  }

  async #clear() {
    try {
      await this.#browser?.close();
    } finally {
      await this.oriel?.kill();
    }
  }
}
