import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Guest } from "../harness/guest.js";
import { Site } from "../harness/site.js";
import { until } from "../harness/wait.js";

// A terminal of the guest's own, as it comes from the keyboard: nothing is edited, and nothing is a signal.
describe("keys reach a Linux guest", () => {
  let guest;
  let site;
  let page;

  before(async () => {
    guest = await Guest.start();
    site = await Site.start({ servers: { demo: guest.screenAddress } });
    // The third terminal is opened too, since Linux shows none that nobody has.
    const terminals = "chvt 2; exec 3<>/dev/tty2 4<>/dev/tty3; stty raw -echo <&3";
    await guest.serial.answers(`dumpkmap > /tmp/us.bmap; ${terminals}`);
    page = await site.open(await site.oriel.link("demo"));
    await page.connected();
    await page.page.locator("#screen canvas").click();
  });

  after(async () => {
    await site?.stop();
    await guest?.stop();
  });

  // What a German keyboard says of itself, in the order of the keys: their places, and what is printed on them.
  const german = [
    ["KeyZ", "y"],
    ["KeyY", "z"],
    ["Minus", "ß"],
    ["Semicolon", "ö"],
    ["Quote", "ä"],
    ["BracketLeft", "ü"],
    ["Slash", "-"],
  ];

  test("by their place: a German keyboard types what is printed on it into a German guest", async () => {
    await guest.serial.answers("loadkmap < /etc/de.bmap");
    const typed = "yzßöäü-@";
    const reading = read(Buffer.byteLength(typed));
    for (const [code, key] of german) {
      await strike(code, key);
    }
    await key("keyDown", "AltRight", "AltGraph");
    await strike("KeyQ", "@");
    await key("keyUp", "AltRight", "AltGraph");
    assert.equal(await reading, typed);
  });

  test("by their place: the same keys are an American's in an American guest", async () => {
    await guest.serial.answers("loadkmap < /tmp/us.bmap");
    const reading = read(7);
    for (const [code, key] of german) {
      await strike(code, key);
    }
    assert.equal(await reading, "zy-;'[/");
  });

  test("a modifier on the screen is held until the next key, which the person types", async () => {
    await page.click("keys");
    await modifier("Ctrl").waitFor();
    const control = modifier("Ctrl");
    const reading = read(2);
    await control.click();
    assert.equal(await control.getAttribute("aria-pressed"), "true");
    assert.ok(await hasKeyboard(), "the panel has taken the keyboard");
    await page.page.keyboard.press("KeyA");
    await page.page.keyboard.press("KeyA");
    assert.equal(await reading, "\u0001a");
    assert.equal(await control.getAttribute("aria-pressed"), "false");
  });

  test("a modifier that is pressed twice stays until it is pressed again", async () => {
    const shift = modifier("Shift");
    const reading = read(4);
    await shift.dblclick();
    assert.equal(await shift.getAttribute("aria-label"), "Shift, locked");
    await page.page.keyboard.press("KeyA");
    await page.page.keyboard.press("KeyB");
    await page.page.keyboard.press("Digit1");
    await shift.click();
    await page.page.keyboard.press("KeyC");
    assert.equal(await reading, "AB!c");
    assert.equal(await lamp(), "0\n", "Caps Lock was switched");
  });

  test("a second press, after a while, lets go", async () => {
    const alt = modifier("Alt");
    const reading = read(1);
    await alt.click();
    // What follows is no second press of a double one.
    await page.page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 500)));
    await alt.click();
    assert.equal(await alt.getAttribute("aria-pressed"), "false");
    await page.page.keyboard.press("KeyX");
    assert.equal(await reading, "x");
  });

  test("keys on the screen", async () => {
    const reading = read(13);
    for (const chord of ["Esc", "Tab", "F1", "↑", "Del"]) {
      await page.page.locator(`#side .key[data-chord="${chord}"]`).first().click();
    }
    assert.equal(await reading, "\u001b\t\u001b[[A\u001b[A\u001b[3~");
  });

  test("Ctrl+Alt+F3 shows the third terminal, and any chord can be put together", async () => {
    await page.page.locator('.key[data-chord="Ctrl+Alt+F3"]').click();
    await until("the third terminal", async () => (await terminal()) === "tty3\n");
    await page.page.locator('[data-part="Alt"]').click();
    await page.page.locator("#chord-choice").selectOption("F2");
    await page.says("chord-send", /^Send Alt\+F2$/);
    await page.click("chord-send");
    await until("the second terminal", async () => (await terminal()) === "tty2\n");
    assert.ok(await hasKeyboard(), "the panel has kept the keyboard");
    // It is at hand from now on, for as long as the tab is there.
    await page.click("close-side");
    await page.click("keys");
    await page.page.locator("#recent-chords", { hasText: "Alt+F2" }).waitFor();
  });

  test("a chord can be struck as well, whatever the keyboard has printed on its keys", async () => {
    const reading = read(1);
    await page.page.locator("#chord-key").click();
    await key("keyDown", "ControlLeft", "Control", 2);
    await key("keyDown", "KeyY", "z", 2);
    await key("keyUp", "KeyY", "z", 2);
    await key("keyUp", "ControlLeft", "Control");
    await page.says("chord-send", /^Send Ctrl\+Y$/);
    await page.click("chord-send");
    assert.equal(await reading, "\u0019");
  });

  test("SysRq reaches the kernel", async () => {
    await guest.serial.answers("echo 1 > /proc/sys/kernel/sysrq; dmesg -c");
    await page.page.locator("#sysrq-letter").selectOption("H");
    await page.click("sysrq-send");
    await until("the kernel's answer", async () =>
      (await guest.serial.answers("dmesg")).includes("sysrq: HELP"),
    );
  });

  test("what is held is let go when the keyboard goes elsewhere", async () => {
    const reading = read(1);
    await page.page.keyboard.down("ControlLeft");
    await page.page.locator("#chord-key").focus();
    await page.page.locator("#screen canvas").click();
    await key("keyDown", "KeyA", "a");
    await page.page.keyboard.up("ControlLeft");
    assert.equal(await reading, "a");
  });

  test("Ctrl+Alt+Home leads to the bar and Escape back, without a mouse", async () => {
    const reading = read(1);
    await page.page.keyboard.press("Control+Alt+Home");
    await until("the bar to have the keyboard", () =>
      page.page.evaluate(() => document.activeElement?.closest("#toolbar") !== null),
    );
    await page.page.keyboard.press("Escape");
    assert.ok(await hasKeyboard());
    await page.page.keyboard.press("KeyQ");
    assert.equal(await reading, "q");
  });

  function modifier(legend) {
    return page.page.locator(`#side .group:first-child .key[data-chord="${legend}"]`);
  }

  function hasKeyboard() {
    return page.page.evaluate(() => document.activeElement?.closest("#screen") !== null);
  }

  async function strike(code, name) {
    await key("keyDown", code, name);
    await key("keyUp", code, name);
  }

  /** A key of a keyboard that Playwright does not know. */
  async function key(type, code, name, modifiers = 0) {
    cdp ??= await page.context.newCDPSession(page.page);
    const isCharacter = name.length === 1 && type === "keyDown";
    await cdp.send("Input.dispatchKeyEvent", {
      type: isCharacter || type === "keyUp" ? type : "rawKeyDown",
      code,
      key: name,
      modifiers,
      ...(isCharacter ? { text: name } : {}),
    });
  }

  let cdp;

  function terminal() {
    return guest.serial.answers("cat /sys/class/tty/tty0/active");
  }

  function lamp() {
    return guest.serial.answers("cat /sys/class/leds/*capslock/brightness");
  }

  /** The next so many bytes from the terminal. */
  async function read(bytes) {
    const command = `timeout 20 dd bs=1 count=${bytes} of=/tmp/typed <&3 2>/dev/null; base64 /tmp/typed`;
    const answer = await guest.serial.answers(command, 60);
    return Buffer.from(answer, "base64").toString();
  }
});
