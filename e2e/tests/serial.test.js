import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { Guest } from "../harness/guest.js";
import { freePort } from "../harness/port.js";
import { Site } from "../harness/site.js";

const prompt = "demo:/root# ";

describe("a serial console, from an OpenStack client to the machine's shell", () => {
  let guest;
  let site;
  const ports = {};

  before(async () => {
    guest = await Guest.start("demo");
    // It has booted, and leaves the line to whoever comes.
    guest.serial.close();
    ports.tcp = await freePort();
    ports.telnet = await freePort();
    const at = (serial) => ({ consoles: { serial } });
    site = await Site.start({
      servers: {
        unix: at(guest.serialAddress),
        tcp: at(`tcp:127.0.0.1:${ports.tcp}`),
        telnet: at(`telnet:127.0.0.1:${ports.telnet}`),
      },
      settings: (url) => ({
        ORIEL_CONSOLES__SERIAL__BASE_URL: url.replace("https:", "wss:"),
      }),
    });
  });

  after(async () => {
    await site?.stop();
    await guest?.stop();
  });

  test("a link of the client logs in, and two share the line", async () => {
    const link = await site.oriel.linkByClient("unix", undefined, "serial");
    assert.equal(link.protocol, "wss:");
    const first = await site.openLine(link);
    await first.type("\r");
    await first.says(prompt);
    await assertTyped(first);

    const second = await site.openLine(await site.oriel.linkByClient("unix", "2.1", "serial"));
    await second.says(prompt);
    const mark = await assertTyped(second);
    await first.says(`<${mark}>`);
  });

  test("who comes back sees what was said meanwhile", async () => {
    const link = await site.oriel.linkByClient("unix", undefined, "serial");
    const page = await site.openLine(link);
    const mark = randomUUID().slice(0, 8);
    // Most likely it speaks once nobody looks. If it does so before, that must be shown again just the same.
    await page.type(`(sleep 2; echo "<"${mark}">") &\r`);
    await page.disconnect();
    await page.connect(link);
    await page.says(`<${mark}>`);
    const another = await site.openLine(link);
    await another.ended("token-used", 4004);
  });

  for (const [kind, telnet] of [
    ["tcp", false],
    ["telnet", true],
  ]) {
    test(`a line over ${kind}`, async () => {
      await guest.moveSerial(ports[kind], telnet);
      const page = await site.openLine(await site.oriel.linkByClient(kind, undefined, "serial"));
      await page.type("\r");
      await page.says(prompt);
      await assertTyped(page);
      // All bytes pass: those of a character beyond ASCII, and return and newline as they are.
      await page.type("echo 'gr\u00fc\u00dfe' | od -An -tx1\r");
      await page.says("67 72 c3 bc c3 9f 65 0a");
      assert.ok((await page.heard()).includes("\r\n"));
    });
  }

  test("the machine's end is told", async () => {
    const page = await site.openLine(await site.oriel.linkByClient("telnet", undefined, "serial"));
    await page.says(prompt);
    await guest.quit();
    await page.ended("back-end-closed", 4024);
  });

  /** Types a command and waits for what it prints, which is not how it is typed. */
  async function assertTyped(page) {
    const mark = randomUUID().slice(0, 8);
    await page.type(`echo "<"${mark}">"\r`);
    await page.says(`<${mark}>`);
    return mark;
  }
});
