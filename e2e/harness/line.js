import assert from "node:assert/strict";
import { stripVTControlCharacters } from "node:util";
import { until } from "./wait.js";

/** A serial console's WebSocket in a real browser, in a context of its own. */
export class LinePage {
  #context;
  #page;

  static async open(browser, origin, url) {
    const line = new LinePage();
    line.#context = await browser.newContext({ ignoreHTTPSErrors: true });
    line.#page = await line.#context.newPage();
    await line.#page.goto(origin);
    await line.connect(url);
    return line;
  }

  /** Opens the link, in the same browser again if it was open before. */
  async connect(url) {
    await this.#page.evaluate((url) => {
      const decoder = new TextDecoder();
      const line = { heard: "", end: null, socket: new WebSocket(url, ["binary", "oriel.v1"]) };
      line.socket.binaryType = "arraybuffer";
      line.socket.addEventListener("message", ({ data }) => {
        line.heard += decoder.decode(data, { stream: true });
      });
      line.socket.addEventListener("close", ({ code, reason }) => {
        line.end = { code, reason };
      });
      window.line = line;
    }, String(url));
    await until("the line to open", () =>
      this.#page.evaluate(() => window.line.socket.readyState !== WebSocket.CONNECTING),
    );
  }

  /** What has come so far, as it came. */
  heard() {
    return this.#page.evaluate(() => window.line.heard);
  }

  async says(text) {
    let heard = "";
    try {
      await until(`${JSON.stringify(text)} on the line`, async () => {
        heard = stripVTControlCharacters(await this.heard());
        return heard.includes(text);
      });
    } catch (error) {
      error.message += `; it said:\n${heard}`;
      throw error;
    }
  }

  async type(text) {
    await this.#page.evaluate(
      (text) => window.line.socket.send(new TextEncoder().encode(text)),
      text,
    );
  }

  async disconnect() {
    await this.#page.evaluate(() => window.line.socket.close(1000));
    await this.ended("client-closed", 1000);
  }

  async ended(reason, code) {
    await until("the line to end", () => this.#page.evaluate(() => window.line.end !== null));
    const end = await this.#page.evaluate(() => window.line.end);
    assert.equal(end.code, code);
    assert.ok(code === 1000 || end.reason === reason, `${end.reason} is not ${reason}`);
  }

  cookies() {
    return this.#context.cookies();
  }

  close() {
    return this.#context.close();
  }
}
