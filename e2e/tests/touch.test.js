import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { BackEnd, recorder } from "../harness/back-ends.js";
import { Site } from "../harness/site.js";
import { until } from "../harness/wait.js";

describe("a phone", () => {
  const events = [];
  let backEnd;
  let site;
  let console;
  let page;
  let touch;

  before(async () => {
    backEnd = await BackEnd.start(recorder(events));
    site = await Site.start({ servers: { white: backEnd.address } });
    console = await site.open(await site.oriel.link("white"), {
      viewport: { width: 360, height: 640 },
      deviceScaleFactor: 3,
      hasTouch: true,
      isMobile: true,
    });
    await console.connected();
    page = console.page;
    touch = new Touch(await console.context.newCDPSession(page));
  });

  after(async () => {
    await site?.stop();
    await backEnd?.stop();
  });

  beforeEach(() => {
    events.length = 0;
  });

  test("a tap is a click", async () => {
    await touch.down(await at(200, 150));
    await touch.up();
    await heard("buttons 1 at 200,150", "buttons 0 at 200,150");
  });

  test("a finger that moves drags", async () => {
    await touch.down(await at(100, 100));
    for (const x of [130, 160, 190, 220, 250]) {
      await touch.move(await at(x, 100));
    }
    await touch.up();
    await until("the button to be let go", () => events.at(-1)?.startsWith("buttons 0 at 25"));
    assert.ok(events.some((event) => event.startsWith("buttons 1 at 2")));
  });

  test("a finger that stays is the right button", async () => {
    await touch.down(await at(50, 60));
    await until("the right button", () => events.includes("buttons 4 at 50,60"));
    await touch.up();
    await heard("buttons 0 at 50,60");
  });

  test("two fingers turn the wheel", async () => {
    await touch.down(await at(180, 200), await at(230, 200));
    for (const y of [180, 150, 100, 50, 20]) {
      await touch.move(await at(180, y), await at(230, y));
    }
    await touch.up();
    await until("the wheel", () => events.some((event) => event.startsWith("buttons 16 at ")));
    assert.ok(!events.some((event) => event.startsWith("press")), events.join());
  });

  test("two fingers that part make the picture larger here, and not at the server", async () => {
    const before = await width();
    await pinch(20, 130);
    await until("the picture to be larger", async () => (await width()) > before * 1.5);
    assert.ok(!events.some((event) => event.startsWith("press")), events.join());
    await touch.up();
    // What lies under a finger is still what is clicked.
    await touch.down(await at(200, 150));
    await touch.up();
    await heard("buttons 1 at 200,150");
    await pinch(130, 20);
    await touch.up();
    await until("all of it to be seen again", async () => (await width()) === before);
  });

  test("its own keyboard types, composes and corrects", async () => {
    await page.locator("#touch-keyboard").tap();
    await page.locator("#touch-input").waitFor({ state: "attached" });
    assert.equal(await page.evaluate(() => document.activeElement?.id), "touch-input");
    await compose("ls");
    await compose("lsb");
    await commit("lsblk ");
    await typed("lsblk ");
    // It has thought better of it.
    await compose("teh");
    await commit("the ");
    await typed(`teh${"\b".repeat(2)}he `);
    await page.keyboard.press("Enter");
    await heard("press Return", "release Return");
    await commit("A!é\n");
    await heard("press Shift", "press A", "release A", "release Shift", "press Shift", "press !");
    await heard("press é", "release é", "press Return");
  });

  test("takes characters back, even those of which its keyboard knows nothing", async () => {
    for (let count = 0; count < 3; count += 1) {
      await cdpKeyOfGlass("deleteContentBackward");
    }
    await typed("\b\b\b");
  });

  test("has the keys that its own keyboard lacks", async () => {
    await page.locator('#key-strip [data-chord="Ctrl"]').tap();
    await commit("c");
    await heard("press Control", "press c", "release c", "release Control");
    await page.locator('#key-strip [data-chord="Esc"]').tap();
    await heard("press Escape");
    assert.equal(await page.evaluate(() => document.activeElement?.id), "touch-input");
  });

  test("everything can be reached at 360 pixels", async () => {
    await page.locator("#touch-keyboard").tap();
    await page.locator("#more summary").tap();
    for (const tool of ["screenshot", "facts", "hide-bar", "disconnect"]) {
      assert.ok(await page.locator(`#more #${tool}`).isVisible(), `${tool} cannot be seen`);
    }
    await page.locator("#more #facts").tap();
    await page.locator("#side").waitFor();
    await page.locator("#close-side").tap();
    await page.locator("#more summary").tap();
    await page.locator("#more #hide-bar").tap();
    await page.locator("#handle").tap();
    await page.locator("#more summary").waitFor();
  });

  /** Where a point of the server's screen is in the window. */
  async function at(x, y) {
    const box = await page.locator("#screen canvas").boundingBox();
    return { x: box.x + ((x + 0.5) * box.width) / 400, y: box.y + ((y + 0.5) * box.height) / 300 };
  }

  async function width() {
    return (await page.locator("#screen canvas").boundingBox()).width;
  }

  async function pinch(from, to) {
    const middle = { x: 180, y: 320 };
    const spread = (by) => [
      { x: middle.x - by, y: middle.y },
      { x: middle.x + by, y: middle.y },
    ];
    await touch.down(...spread(from));
    for (let step = 1; step <= 6; step += 1) {
      await touch.move(...spread(from + ((to - from) * step) / 6));
    }
  }

  /** Waits for these, in this order, whatever comes between. */
  function heard(...wanted) {
    return until(`the server to hear: ${wanted.join(", ")}`, () => {
      let next = 0;
      for (const event of events) {
        next += event === wanted[next] ? 1 : 0;
      }
      return next === wanted.length;
    });
  }

  /** Waits until just this was typed since the last time; `\b` takes a character back. */
  async function typed(text) {
    const keys = () =>
      events
        .filter((event) => event.startsWith("press "))
        .map((event) => event.slice(6).replace("BackSpace", "\b"))
        .join("");
    await until(`${JSON.stringify(text)} to be typed`, () => keys().length >= text.length);
    assert.equal(keys(), text);
    events.length = 0;
  }

  async function compose(text) {
    await touch.cdp.send("Input.imeSetComposition", {
      text,
      selectionStart: text.length,
      selectionEnd: text.length,
    });
  }

  async function commit(text) {
    await touch.cdp.send("Input.insertText", { text });
  }

  /** What a keyboard does that tells no keys: it changes the field. */
  async function cdpKeyOfGlass() {
    await page.evaluate(() => document.execCommand("delete"));
  }
});

/** Fingers on the glass. */
class Touch {
  constructor(cdp) {
    this.cdp = cdp;
  }

  down(...fingers) {
    return this.#send("touchStart", fingers);
  }

  move(...fingers) {
    return this.#send("touchMove", fingers);
  }

  up() {
    return this.#send("touchEnd", []);
  }

  #send(type, fingers) {
    const touchPoints = fingers.map(({ x, y }, id) => ({ x, y, id }));
    return this.cdp.send("Input.dispatchTouchEvent", { type, touchPoints });
  }
}
