import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import { Desktop } from "../harness/desktop.js";
import { Guest } from "../harness/guest.js";
import { Site } from "../harness/site.js";
import { until } from "../harness/wait.js";

describe("how a screen is shown", () => {
  let guest;
  let desktop;
  let site;

  before(async () => {
    guest = await Guest.start();
    desktop = await Desktop.start();
    const servers = { guest: guest.screenAddress, "my desktop/1": desktop.screenAddress };
    site = await Site.start({ servers });
  });

  after(async () => {
    await site?.stop();
    await desktop?.stop();
    await guest?.stop();
  });

  test("fits the window, as the window and what stands beside it change", async () => {
    const { page } = await open("guest");
    await until("it to fit", async () => fills(await layout(page)));
    await page.locator("#keys").click();
    await page.locator("#side").waitFor();
    await until("it to fit beside the panel", async () => fills(await layout(page)));
    await page.setViewportSize({ width: 700, height: 500 });
    await until("it to fit the smaller window", async () => fills(await layout(page)));
    await page.locator("#close-side").click();
    await until("it to fit again", async () => fills(await layout(page)));
  });

  test("its actual size can be had, and moved about by hand", async () => {
    const { page } = await open("guest", { viewport: { width: 500, height: 300 } });
    await page.locator("#view").click();
    await page.locator("#size-actual").check();
    await until("its own size", async () => {
      const { canvas } = await layout(page);
      return canvas.width === 720 && canvas.height === 400;
    });
    await page.locator("#hand-mode").check();
    await page.locator("#close-side").click();
    await page.mouse.move(300, 200);
    await page.mouse.down();
    await page.mouse.move(200, 120, { steps: 4 });
    await page.mouse.up();
    assert.deepEqual(await scrolled(page), { left: 100, top: 80 });
    await page.mouse.wheel(50, 0);
    await until("the wheel to move it", async () => (await scrolled(page)).left === 150);
    await page.locator("#hand").focus();
    await page.keyboard.press("ArrowUp");
    await until("an arrow key to move it", async () => (await scrolled(page)).top === 20);
    // It is so the next time as well.
    await page.reload();
    await page.locator('html[data-state="connected"]').waitFor({ state: "attached" });
    await until("its own size", async () => (await layout(page)).canvas.width === 720);
  });

  test("on a high-density screen, each of its pixels is a square of whole pixels", async () => {
    const { page } = await open("guest", {
      viewport: { width: 1280, height: 800 },
      deviceScaleFactor: 1.5,
    });
    await page.locator("#view").click();
    await page.locator("#size-actual").check();
    await until("one and a third, which is two pixels", async () => {
      const { canvas, crisp } = await layout(page);
      return crisp && Math.abs(canvas.width - (720 * 2) / 1.5) < 0.5;
    });
    const shown = await page.locator("#zoom").textContent();
    assert.equal(shown, "133 %");
    await page.locator("#zoom-in").click();
    await page.locator("#zoom-in").click();
    await until("two, which is three", async () => (await layout(page)).canvas.width === 1440);
    await page.locator("#size-fit").check();
  });

  test("a server that can takes the size of the window, and follows it", async () => {
    const { page } = await open("my desktop/1");
    assert.deepEqual(await desktopSize(page), { width: 800, height: 600 });
    await page.locator("#view").click();
    await page.locator("#size-match").check();
    await until("the desktop to fill its place", async () => matches(page));
    await page.setViewportSize({ width: 1000, height: 700 });
    await until("the desktop to follow", async () => matches(page));
    await page.locator("#close-side").click();
    await until("the desktop to take the panel's place", async () => matches(page));
    await page.locator("#view").click();
    await page.locator("#size-fit").check();
  });

  test("a screenshot is saved under the server's name, and goes to the clipboard", async () => {
    const console = await open("my desktop/1", {
      permissions: ["clipboard-read", "clipboard-write"],
    });
    const { page } = console;
    const saving = page.waitForEvent("download");
    await page.locator("#screenshot").click();
    const download = await saving;
    assert.match(download.suggestedFilename(), /^my-desktop-1-\d{4}-\d\d-\d\d-\d{6}\.png$/);
    const { width, height } = await desktopSize(page);
    assert.deepEqual(pngSize(await readFile(await download.path())), { width, height });
    await console.says("toast", download.suggestedFilename());
    await page.locator("#view").click();
    await page.locator("#copy-picture").click();
    await console.says("toast", "clipboard");
    const types = await page.evaluate(async () => (await navigator.clipboard.read())[0].types);
    assert.deepEqual(types, ["image/png"]);
  });

  test("what is known of the connection", async () => {
    const console = await open("guest");
    await console.page.locator("#facts").click();
    await console.says("fact-round-trip", /^\d+(\.\d)? ms$/);
    await console.says("fact-received", /B$/);
    await console.says("fact-desktop", "720 × 400");
    await console.says("fact-encoding", /^(Tight|ZRLE|Hextile|Zlib|Raw)$/);
    await console.says("fact-keys", "by position");
    await console.says("fact-security", "encrypted (TLS)");
    await console.says("fact-protocol", /^HTTP\/(1.1|2)$/);
    await console.says("fact-for", /^0:00:\d\d$/);
  });

  test("quality and compression are asked for as was chosen, and chosen for the line else", async () => {
    const console = await open("my desktop/1");
    const asked = askedLevels(console.page);
    await console.reload();
    await console.connected();
    await console.page.locator("#view").click();
    await console.page.locator("#quality-saving").check();
    await until("the least data", () => asked.at(-1)?.join() === "2,9");
    await console.page.locator("#quality-best").check();
    await until("the best", () => asked.at(-1)?.join() === "9,1");
    await console.page.locator("#quality-auto").check();
    // On this machine everything is near.
    await console.page.locator("label", { hasText: "now: Best" }).waitFor();
  });

  test("the bar goes away and comes back, and covers nothing meanwhile", async () => {
    const { page } = await open("guest");
    await page.locator("#hide-bar").click();
    await page.locator("#toolbar").waitFor({ state: "hidden" });
    await until("all of the window to be the screen's", async () => {
      const { place } = await layout(page);
      return place.height === 800 && fills(await layout(page));
    });
    await page.locator("#handle").click();
    await page.locator("#toolbar").waitFor();
    assert.equal((await layout(page)).place.height, 800, "the screen is as large as before");
    // It leaves with whoever leaves it.
    await page.mouse.move(640, 300);
    await page.locator("#toolbar").waitFor({ state: "hidden" });
    // The handle can be moved off what it covers.
    const handle = page.locator("#handle");
    const before = await handle.boundingBox();
    await page.mouse.move(before.x + 20, before.y + 3);
    await page.mouse.down();
    await page.mouse.move(before.x + 320, before.y + 3, { steps: 5 });
    await page.mouse.up();
    const after = await handle.boundingBox();
    assert.ok(after.x > before.x + 200, "the handle has not moved");
    assert.ok(await page.locator("#toolbar").isHidden(), "a drag is no press");
    // Without a mouse.
    await page.locator("#screen canvas").click();
    await page.keyboard.press("Control+Alt+Home");
    await page.locator("#toolbar").waitFor();
    await page.locator("#hide-bar").click();
    await until(
      "the bar to have its place again",
      async () => (await layout(page)).place.height < 800,
    );
  });

  test("full screen catches the browser's shortcuts, says how to leave, and leaves the bar away", async () => {
    const console = await open("guest");
    const { page } = console;
    await page.evaluate(() => {
      globalThis.locks = [];
      const { keyboard } = navigator;
      keyboard.lock = async () => globalThis.locks.push("lock");
      keyboard.unlock = () => globalThis.locks.push("unlock");
    });
    await page.locator("#full-screen").click();
    await console.says("toast", /Hold Esc/);
    await page.locator("#toolbar").waitFor({ state: "hidden" });
    await page.locator("#handle").click();
    await page.locator("#full-screen").click();
    await page.locator("#handle").waitFor({ state: "detached" });
    assert.deepEqual(await page.evaluate(() => globalThis.locks), ["lock", "unlock"]);
  });

  test("where a browser keeps its shortcuts, the keys say which", async () => {
    const console = await open("guest");
    await console.page.evaluate(() =>
      Object.defineProperty(navigator, "keyboard", { value: undefined, configurable: true }),
    );
    await console.page.locator("#keys").click();
    await console.says("kept-shortcuts", /keeps its own shortcuts/);
  });

  async function open(server, settings) {
    const page = await site.open(await site.oriel.link(server), settings);
    await page.connected();
    return page;
  }

  function layout(page) {
    return page.evaluate(() => {
      const box = (selector) => {
        const { width, height } = document.querySelector(selector).getBoundingClientRect();
        return { width, height };
      };
      return {
        place: box("#pan"),
        canvas: box("#screen canvas"),
        crisp: document.querySelector("#screen").classList.contains("crisp"),
      };
    });
  }

  /** Whether the picture reaches from edge to edge, or nearly so where that makes it sharp. */
  function fills({ place, canvas, crisp }) {
    const [x, y] = [place.width - canvas.width, place.height - canvas.height];
    const least = Math.min(x, y);
    const inside = x > -1 && y > -1;
    return inside && (crisp ? least < 0.1 * place.width : least < 1);
  }

  function scrolled(page) {
    return page.evaluate(() => {
      const { scrollLeft, scrollTop } = document.querySelector("#pan");
      return { left: Math.round(scrollLeft), top: Math.round(scrollTop) };
    });
  }

  function desktopSize(page) {
    return page.evaluate(() => {
      const { width, height } = document.querySelector("#screen canvas");
      return { width, height };
    });
  }

  async function matches(page) {
    const { place, canvas } = await layout(page);
    const { width, height } = await desktopSize(page);
    const same = (a, b) => Math.abs(a.width - b.width) < 1 && Math.abs(a.height - b.height) < 1;
    return same({ width, height }, place) && same(canvas, place);
  }
});

/** What a page asks for in SetEncodings from its next load on: pairs of quality and compression (rfbproto, 7.5.2). */
function askedLevels(page) {
  const asked = [];
  page.on("websocket", (socket) =>
    socket.on("framesent", ({ payload }) => {
      const message = Buffer.from(payload);
      if (message[0] === 2 && message.length === 4 + 4 * message.readUInt16BE(2)) {
        const numbers = Array.from({ length: message.readUInt16BE(2) }, (_, index) =>
          message.readInt32BE(4 + 4 * index),
        );
        const level = (least) => numbers.find((each) => each >= least && each < least + 10) - least;
        asked.push([level(-32), level(-256)]);
      }
    }),
  );
  return asked;
}

function pngSize(file) {
  assert.equal(file.toString("latin1", 1, 4), "PNG");
  return { width: file.readUInt32BE(16), height: file.readUInt32BE(20) };
}
