import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Guest } from "../harness/guest.js";
import { Site } from "../harness/site.js";
import { Typing } from "../harness/typing.js";
import { until } from "../harness/wait.js";

// A terminal of the guest's own that nothing but the test reads, so that what comes out of it is what was typed.
for (const { name, env, settings, characters, seconds } of [
  {
    name: "a keyboard without QEMU's delay",
    env: { GUEST_KEY_DELAY: "1" },
    // A machine that is short of time for seconds is not what this is about.
    settings: { ORIEL_TYPING__MAX_RATE: "500", ORIEL_TYPING__ECHO_WAIT: "3s" },
    characters: 10_000,
    seconds: 600,
  },
  { name: "all as it comes", env: {}, settings: {}, characters: 600, seconds: 120 },
]) {
  describe(`text is typed into a Linux guest: ${name}`, () => {
    let guest;
    let site;
    let page;
    let typing;

    before(async () => {
      guest = await Guest.start("demo", env);
      site = await Site.start({ servers: { demo: guest.screenAddress }, settings });
      await guest.serial.answers("chvt 2; exec 3<>/dev/tty2");
      page = await site.open(await site.oriel.link("demo"));
      await page.connected();
      typing = await Typing.of(site.oriel, page);
    });

    after(async () => {
      await site?.stop();
      await guest?.stop();
    });

    test(`${characters} characters arrive, every one`, async (t) => {
      const text = prose(characters);
      const reading = read(text.length, seconds);
      const began = Date.now();
      await typing.start(text);
      assert.deepEqual(await typing.ended(seconds), {
        typed: text.length,
        total: text.length,
        state: "done",
      });
      t.diagnostic(`${text.length} characters in ${Math.round((Date.now() - began) / 1000)} s`);
      assert.equal(await reading, text);
      assert.ok(!site.oriel.log.includes(text.slice(0, 30)), "the log gives away what was typed");
    });

    test("with Caps Lock on, and where nothing is shown", async () => {
      await page.press("CapsLock");
      await until("the lamp", async () => (await lamp()) === "1\n");
      await guest.serial.answers("stty -echo <&3");
      const text = "A Secret, and No Echo\n";
      const reading = read(text.length, 60);
      await typing.start(text);
      assert.equal((await typing.ended(60)).state, "done");
      assert.equal(await reading, text);
      await guest.serial.answers("stty echo <&3");
      // It is on again.
      await until("the lamp", async () => (await lamp()) === "1\n");
      await page.press("CapsLock");
      await until("the lamp", async () => (await lamp()) === "0\n");
    });

    test("it can be stopped, and goes on from there", async () => {
      await typing.start("A".repeat(3000));
      await until("some of it to be typed", async () => (await typing.progress()).typed > 40);
      const { status, body } = await typing.call("DELETE");
      assert.equal(status, 200);
      assert.equal(body.job.state, "cancelled");
      const { typed } = body.job;
      assert.ok(typed > 40 && typed < 3000, `${typed} were typed`);
      const reading = read(typed + 2, 30);
      await typing.start("b\n");
      assert.equal((await typing.ended(30)).state, "done");
      assert.equal(await reading, `${"A".repeat(typed)}b\n`);
    });

    test("what no key types is named, and nothing is typed", async () => {
      const { status, body } = await typing.call("POST", { text: "a\nb€", layout: "en-us" });
      assert.equal(status, 422);
      assert.deepEqual(body.error.lacking, [
        { character: "€", code_point: "U+20AC", offset: 3, line: 2, column: 2, count: 1 },
      ]);
    });

    test("by a German layout into a guest that has one", async () => {
      await guest.serial.answers("loadkmap < /etc/de.bmap");
      const text = "Zypern, Größe, Äpfel, ÜBER: {[(x@y|z)]} \\ ~ <a> € § µ ² ^ ` é à ô + # ' * ?\n";
      const reading = read(Buffer.byteLength(text), 60);
      await typing.start(text, "de");
      assert.equal((await typing.ended(60)).state, "done");
      assert.equal(await reading, text);
    });

    /** Whether the lamp of Caps Lock is on. */
    function lamp() {
      return guest.serial.answers("cat /sys/class/leds/*capslock/brightness");
    }

    /** The next so many bytes that are typed at the terminal. */
    async function read(bytes, patience) {
      const command = `timeout ${patience} dd bs=1 count=${bytes} of=/tmp/typed <&3 2>/dev/null; base64 /tmp/typed`;
      const answer = await guest.serial.answers(command, patience + 60);
      return Buffer.from(answer, "base64").toString();
    }
  });
}

/** So many characters of everything that an American keyboard types, in lines short and long; the same in every run. */
function prose(length) {
  let state = 20_001;
  const random = (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % below;
  };
  let [text, line] = ["", 0];
  while (text.length < length - 1) {
    const end = [40, 80, 400, 1800][text.length % 4];
    if (line >= end) {
      text += "\n";
      line = 0;
      continue;
    }
    line += 1;
    const kind = random(10);
    if (kind === 0) {
      text += " ";
    } else if (kind < 3) {
      text += String.fromCharCode(33 + random(94));
    } else if (kind < 4) {
      text += String.fromCharCode(65 + random(26));
    } else {
      text += String.fromCharCode(97 + random(26));
    }
  }
  return `${text}\n`;
}
