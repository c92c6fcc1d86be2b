import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { startBrowser } from "../harness/browser.js";
import { makeFolder, removeFolder } from "../harness/folder.js";
import { Oriel } from "../harness/oriel.js";
import { linkByHand, SpiceMachine, serveSpiceHtml5 } from "../harness/spice.js";
import { until } from "../harness/wait.js";

const artifacts = fileURLToPath(new URL("../artifacts/", import.meta.url));

describe("a SPICE console of a real QEMU", () => {
  let open;
  let locked;
  let folder;
  let oriel;
  let browser;

  before(async () => {
    folder = await makeFolder();
    await writeFile(join(folder, "right"), "correct horse\n");
    await writeFile(join(folder, "wrong"), "battery staple\n");
    open = await SpiceMachine.start();
    locked = await SpiceMachine.start("correct horse");
    const at = (back_end, file) => ({
      consoles: {
        "spice-html5": file ? { back_end, password_file: join(folder, file) } : back_end,
      },
    });
    oriel = await Oriel.start({
      servers: {
        open: at(open.address),
        right: at(locked.address, "right"),
        wrong: at(locked.address, "wrong"),
        none: at(locked.address),
      },
      settings: (url) => ({
        ORIEL_CONSOLES__SPICE_HTML5__BASE_URL: `${url}/spice-html5/spice_auto.html`,
      }),
    });
    oriel.remember("SPICE's password", "correct horse");
    oriel.remember("SPICE's wrong password", "battery staple");
    browser = await startBrowser();
  });

  after(async () => {
    await browser?.close();
    await oriel?.kill();
    await open?.stop();
    await locked?.stop();
    await removeFolder(folder);
    assert.deepEqual(oriel.secretsInLog(), [], "the log gives away secrets");
  });

  const link = (name) => oriel.linkByClient(name, "2.5", "spice");

  async function newPage() {
    const context = await browser.newContext({ ignoreHTTPSErrors: true });
    await serveSpiceHtml5(context, oriel.url);
    return context.newPage();
  }

  async function byHand(name) {
    const page = await newPage();
    await page.goto(oriel.url);
    const { searchParams } = new URL(await link(name));
    const query = new URLSearchParams({ token: searchParams.get("token") });
    return linkByHand(page, `${oriel.url.replace("https:", "wss:")}/websockify?${query}`);
  }

  for (const name of ["open", "right"]) {
    test(`the main channel of ${name} comes to its first message`, async () => {
      const linked = await byHand(name);
      assert.deepEqual([linked.error, linked.result], [0, 0]);
      // SPICE_MSG_MAIN_INIT: eight numbers of four bytes.
      assert.deepEqual([linked.first, linked.size], [{ type: 103, size: 32 }, 32]);
    });
  }

  for (const [name, said] of [
    ["wrong", /does not take the password/],
    ["none", /wants a password and none is set/],
  ]) {
    test(`with the password ${name} the end is named`, async () => {
      const { end } = await byHand(name);
      assert.deepEqual(end, { code: 4023, reason: "back-end-security" });
      await until("the log to say why", () => said.test(oriel.log));
    });
  }

  test("the unmodified spice-html5 shows the picture, by a link for one browser", async () => {
    const page = await newPage();
    const sockets = [];
    page.on("websocket", (socket) => sockets.push(socket));
    const dialogs = [];
    page.on("dialog", (dialog) => {
      dialogs.push(dialog.message());
      dialog.dismiss();
    });
    await page.goto(String(await link("right")));
    const lit = () =>
      page.evaluate(() => {
        const canvas = document.querySelector("#spice-screen canvas");
        if (!canvas) return 0;
        const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        return data.filter((value, at) => at % 4 < 3 && value > 100).length;
      });
    await until("letters of the firmware", async () => (await lit()) > 1000);
    await mkdir(artifacts, { recursive: true });
    await page.screenshot({ path: join(artifacts, "spice.png") });
    // Main, display, inputs and cursor at least, and none of them was turned away.
    assert.ok(sockets.length >= 4, `${sockets.length} channels`);
    assert.deepEqual(
      sockets.filter((socket) => socket.isClosed()).map((socket) => socket.url()),
      [],
    );
    assert.deepEqual(dialogs, [], "nobody is asked for a password");
    await page.context().close();
  });
});
