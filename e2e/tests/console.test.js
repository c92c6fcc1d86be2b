import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Guest } from "../harness/guest.js";
import { Site } from "../harness/site.js";

const artifacts = fileURLToPath(new URL("../artifacts/", import.meta.url));

describe("a console, from an OpenStack client to the live screen", () => {
  let guest;
  let site;

  before(async () => {
    guest = await Guest.start("demo");
    site = await Site.start({ servers: { demo: guest.screenAddress } });
  });

  after(async () => {
    await site?.stop();
    await guest?.stop();
  });

  test("the client lists the server", async () => {
    const servers = JSON.parse(await site.oriel.openstack("server", "list", "-f", "json"));
    assert.deepEqual(
      servers.map(({ ID, Name, Status }) => ({ ID, Name, Status })),
      [{ ID: site.oriel.serverIds.demo, Name: "demo", Status: "ACTIVE" }],
    );
  });

  for (const version of ["2.1", "2.5", undefined]) {
    test(`a link of microversion ${version ?? "latest"} shows the screen and takes the keyboard`, async () => {
      const page = await site.open(await site.oriel.linkByClient("demo", version));
      await page.connected();
      await page.shows(guest);
      await assertTyped(page);
    });
  }

  test("a link opens in one browser, and again there", async () => {
    const link = await site.oriel.link("demo");
    const first = await site.open(link);
    await first.connected();

    const second = await site.open(link);
    await second.ended("token-used");

    await first.reload();
    await first.connected();
    await first.shows(guest);
    await assertTyped(first);
  });

  test("two people see one screen", async () => {
    const pages = [];
    for (let viewer = 0; viewer < 2; viewer += 1) {
      const page = await site.open(await site.oriel.link("demo"));
      await page.connected();
      pages.push(page);
    }
    await assertTyped(pages[0]);
    await pages[0].shows(guest);
    await pages[1].shows(guest);
  });

  test("a picture for the README", async () => {
    await mkdir(artifacts, { recursive: true });
    const page = await site.open(await site.oriel.link("demo"));
    await page.connected();
    const mark = randomUUID().slice(0, 8);
    await page.type(`. /etc/profile && echo ${mark} > /dev/ttyS0\n`);
    await guest.serial.says(mark);
    await page.type("echo hello > /dev/ttyS0\n");
    await guest.serial.says("hello\r");
    await page.shows(guest);
    await page.screenshot(`${artifacts}console.png`);
  });

  /** Types a command on the page and waits for what it does in the guest. */
  async function assertTyped(page) {
    const mark = `Oriel-${randomUUID().slice(0, 8)}`;
    await page.type(`echo ${mark} > /dev/ttyS0\n`);
    await guest.serial.says(mark);
  }
});
