import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import { startBrowser } from "../harness/browser.js";
import { Guest } from "../harness/guest.js";
import { Oriel } from "../harness/oriel.js";
import { Portal } from "../harness/portal.js";
import { until } from "../harness/wait.js";

describe("a portal's page with <oriel-console>", () => {
  let guest;
  let portal;
  let stranger;
  let oriel;
  let browser;
  let context;
  let errors;

  before(async () => {
    guest = await Guest.start("demo");
    portal = await Portal.start("portal.example");
    stranger = await Portal.start("stranger.example");
    oriel = await Oriel.start({
      servers: { demo: guest.screenAddress },
      lines: `[page]\nframe_ancestors = ["${portal.origin}"]\n[gateway]\nallowed_origins = ["${portal.origin}"]`,
    });
    browser = await startBrowser();
  });

  after(async () => {
    await browser?.close();
    await oriel?.stop();
    await stranger?.stop();
    await portal?.stop();
    await guest?.stop();
  });

  afterEach(async () => {
    await context?.close();
    context = undefined;
    assert.deepEqual(errors ?? [], [], "the pages had errors");
  });

  async function open(attributes, { from = portal } = {}) {
    context = await browser.newContext({ ignoreHTTPSErrors: true, locale: "en-GB" });
    const page = await context.newPage();
    const found = [];
    errors = found;
    page.on("pageerror", (error) => found.push(error.stack ?? String(error)));
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) {
        found.push(message.text());
      }
    });
    await page.goto(String(from.withElement(oriel.url, attributes)));
    return page;
  }

  const told = (page) => page.evaluate(() => globalThis.told);
  const state = (page) => page.evaluate(() => document.querySelector("oriel-console").state);
  const connected = (page) =>
    until("the console in the element", async () => (await state(page)) === "connected");

  test("shows a live console, and tells what becomes of it", async () => {
    const link = await oriel.link("demo");
    const page = await open({ src: String(link), lang: "zh-CN" });
    await connected(page);
    const frame = page.frames().at(-1);
    assert.equal(await frame.locator("#state").innerText(), "已连接");

    // The keyboard goes there, and chords do too.
    await page.evaluate(() => document.querySelector("oriel-console").focus());
    await until("the keyboard to be in the frame", () =>
      frame.evaluate(() => document.hasFocus() && document.activeElement?.tagName === "CANVAS"),
    );
    const line = guest.serial.says("from-the-portal");
    await page.keyboard.type("echo ");
    await page.keyboard.press("Shift+Period");
    await page.keyboard.type("/dev/tty");
    await page.keyboard.press("Shift+KeyS");
    await page.keyboard.type("0 from-the-porta");
    await page.evaluate(() => {
      const console = document.querySelector("oriel-console");
      console.sendKeys(["KeyL"]);
      console.sendKeys(["Enter"]);
    });
    await line;

    await page.evaluate(() => document.querySelector("oriel-console").disconnect());
    await until("the end", async () => (await told(page)).at(-1)?.type === "oriel:ended");
    const events = await told(page);
    const server = { id: oriel.serverIds.demo, name: "demo" };
    assert.deepEqual(events.slice(-2), [
      { type: "oriel:state", state: "ended", server },
      { type: "oriel:ended", reason: "client-closed", message: "您已关闭此控制台。" },
    ]);
    assert.ok(events.some(({ state }) => state === "connected"));
    // What is told opens nothing, and comes from Oriel alone.
    const heard = await page.evaluate(() => globalThis.heard);
    assert.ok(heard.length >= events.length);
    assert.ok(heard.every(({ origin }) => origin === oriel.url));
    assert.ok(!JSON.stringify(heard).includes(link.searchParams.get("token")));
  });

  test("lets somebody look on only, where it says so", async () => {
    const page = await open({ src: String(await oriel.link("demo")), "view-only": "" });
    await connected(page);
    const frame = page.frames().at(-1);
    assert.equal(await frame.locator("#role").innerText(), "Only watching");
    assert.equal(await frame.locator("#type-text").count(), 0);
    await page.evaluate(() => document.querySelector("oriel-console").sendKeys(["KeyX", "Enter"]));
    // The page goes on as it was: nothing was sent, nothing has ended.
    assert.equal(await state(page), "connected");
  });

  test("changes its link, and comes back in the same frame", async () => {
    const page = await open({ src: String(await oriel.link("demo")) });
    await connected(page);
    const next = String(await oriel.link("demo"));
    await page.evaluate((src) => {
      globalThis.told.length = 0;
      document.querySelector("oriel-console").src = src;
    }, next);
    await until("the second console", async () =>
      (await told(page)).some(({ state }) => state === "connected"),
    );
    await page.evaluate(() => document.querySelector("oriel-console").remove());
    await until("the frame to be gone", () => page.frames().length === 1);
  });

  test("tells why there is no console", async () => {
    const used = await oriel.link("demo");
    const first = await browser.newContext({ ignoreHTTPSErrors: true });
    const elsewhere = await first.newPage();
    await elsewhere.goto(String(used));
    await elsewhere.locator('html[data-state="connected"]').waitFor({ state: "attached" });
    const page = await open({ src: String(used) });
    await until("the end", async () => (await told(page)).at(-1)?.type === "oriel:ended");
    assert.equal((await told(page)).at(-1).reason, "token-used");
    await first.close();
    errors = errors.filter((text) => !text.startsWith("Failed to load resource"));
  });

  test("runs no script that a link brings", async () => {
    for (const src of ["javascript:parent.broken=1", "data:text/html,<script>x</script>", ""]) {
      const page = await open({ src });
      await page.waitForFunction(() => customElements.get("oriel-console") !== undefined);
      assert.equal(
        await page.evaluate(() =>
          document
            .querySelector("oriel-console")
            .shadowRoot.querySelector("iframe")
            .hasAttribute("src"),
        ),
        false,
      );
      await context.close();
    }
    context = undefined;
  });

  test("speaks with no page that may not show it", async () => {
    const link = String(await oriel.link("demo"));
    const page = await open({ src: link }, { from: stranger });
    await until("the frame to be refused", () =>
      errors.some((text) => /frame-ancestors/.test(text)),
    );
    assert.deepEqual(await told(page), []);
    errors = errors.filter((text) => !/frame-ancestors|postMessage|Failed to load/.test(text));
  });

  test("a page in the frame obeys its parent alone", async () => {
    const page = await open({ src: String(await oriel.link("demo")) });
    await connected(page);
    const frame = page.frames().at(-1);
    await frame.evaluate(() => {
      // It hears this after all that was said to it before.
      window.postMessage({ type: "oriel:disconnect" }, "*");
      return new Promise((resolve) => {
        window.addEventListener("message", ({ data }) => data === "last" && resolve());
        window.postMessage("last", "*");
      });
    });
    await page.evaluate(() => {
      const { contentWindow } = document
        .querySelector("oriel-console")
        .shadowRoot.querySelector("iframe");
      for (const nonsense of [null, "oriel:disconnect", { type: "oriel:keys", keys: "x" }, []]) {
        contentWindow.postMessage(nonsense, "*");
      }
    });
    await page.evaluate(() => document.querySelector("oriel-console").sendKeys(["KeyA"]));
    assert.equal(await state(page), "connected");
  });

  test("a portal's own noVNC opens the bare WebSocket", async () => {
    const { headers } = await oriel.login();
    const ask = (form) =>
      oriel.request(
        "POST",
        `/oriel/v1/servers/${oriel.serverIds.demo}/console`,
        { type: "novnc", form },
        { "X-Auth-Token": headers["x-subject-token"] },
      );
    const { body } = await ask("websocket");
    const url = new URL(body.console.url);
    oriel.remember("the token of a link", url.searchParams.get("token"));
    assert.equal(url.protocol, "wss:");
    assert.equal(url.pathname, "/websockify");
    context = await browser.newContext({ ignoreHTTPSErrors: true });
    const page = await context.newPage();
    await page.goto(String(portal.showing("about:blank")));
    errors = [];
    const greeting = await page.evaluate(
      (url) =>
        new Promise((resolve, reject) => {
          const socket = new WebSocket(url, "binary");
          socket.binaryType = "arraybuffer";
          socket.onmessage = ({ data }) => {
            resolve(new TextDecoder().decode(data));
            socket.close();
          };
          socket.onclose = ({ code }) => reject(new Error(`closed: ${code}`));
        }),
      body.console.url,
    );
    assert.equal(greeting, "RFB 003.008\n");
  });
});
