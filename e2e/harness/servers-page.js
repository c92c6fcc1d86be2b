import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const artifacts = fileURLToPath(new URL("../artifacts/servers/", import.meta.url));

/** Chromium writes these by itself when a request is refused. */
const refusals = /^Failed to load resource: /;

/** The page at `/`, in a browser context of its own. */
export class ServersPage {
  #context;
  #oriel;
  #errors = [];
  /** Playwright's own page. */
  page;

  /** `options` are those of Playwright's context. */
  static async open(browser, oriel, options = {}) {
    const opened = new ServersPage();
    opened.#oriel = oriel;
    opened.#context = await browser.newContext({
      ignoreHTTPSErrors: true,
      locale: "en-GB",
      viewport: { width: 1280, height: 800 },
      ...options,
    });
    opened.#context.on("page", (page) => opened.#watch(page));
    opened.page = await opened.#context.newPage();
    await opened.page.goto(`${oriel.url}/`);
    await opened.page.locator("html[data-page]").waitFor({ state: "attached" });
    return opened;
  }

  #watch(page) {
    page.on("pageerror", (error) => this.#errors.push(error.stack ?? String(error)));
    page.on("console", (message) => {
      if (message.type() === "error" && !refusals.test(message.text())) {
        this.#errors.push(message.text());
      }
    });
  }

  /** Another tab of the same browser. */
  async another() {
    const page = await this.#context.newPage();
    await page.goto(`${this.#oriel.url}/`);
    return page;
  }

  async logIn(user = "admin", password = this.#oriel.password) {
    await this.page.locator("input[name=username]").fill(user);
    await this.page.locator("input[name=password]").fill(password);
    await this.page.locator("button[type=submit]").click();
    await this.page.locator("header.top").waitFor();
  }

  /** The names that are in the list, in the order in which they are to be read, once there are so many. */
  async names(count) {
    await this.page.waitForFunction(
      (count) => document.querySelectorAll(".server").length === count,
      count,
    );
    return this.page.evaluate(() =>
      [...document.querySelectorAll(".server")]
        .sort((a, b) => a.ariaPosInSet - b.ariaPosInSet)
        .map((server) => server.querySelector(".name").textContent),
    );
  }

  server(name) {
    return this.page.locator(".server", {
      has: this.page.locator(".name", { hasText: new RegExp(`^${name}$`) }),
    });
  }

  /** Does what opens a console, and returns its tab. */
  async opens(what) {
    const [tab] = await Promise.all([this.#context.waitForEvent("page"), what()]);
    return tab;
  }

  /** Waits for words on the page. */
  async says(selector, pattern) {
    await this.page.locator(selector).filter({ hasText: pattern }).waitFor({ timeout: 15_000 });
  }

  /** A picture for people to look at. */
  async screenshot(name) {
    await mkdir(artifacts, { recursive: true });
    await this.page.evaluate(() =>
      Promise.allSettled(
        document
          .getAnimations()
          .filter(({ effect }) => Number.isFinite(effect.getComputedTiming().endTime))
          .map(({ finished }) => finished),
      ),
    );
    await this.page.screenshot({ path: join(artifacts, `${name}.png`) });
  }

  /** What a login leaves in the browser: looked for in the log too. */
  async halves() {
    const cookies = await this.#context.cookies();
    const cookie = cookies.find(({ name }) => name.includes("oriel-login"));
    const key = await this.page.evaluate(() => localStorage.getItem("oriel.login"));
    if (cookie?.value) {
      this.#oriel.remember("the cookie of a login", cookie.value);
    }
    if (key) {
      this.#oriel.remember("the key of a login", key);
    }
    return { cookie, key };
  }

  async dropCookies() {
    await this.#context.clearCookies();
  }

  /** Closes it, and fails if anything went wrong in it. */
  async close() {
    await this.halves();
    await this.#context.close();
    assert.deepEqual(this.#errors, [], "the page had errors");
  }
}
