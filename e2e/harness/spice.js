import { once } from "node:events";
import { readFile, stat } from "node:fs/promises";
import { createConnection } from "node:net";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { makeFolder, removeFolder } from "./folder.js";
import { Process } from "./process.js";
import { until } from "./wait.js";

/** A real QEMU that shows its firmware over SPICE; nothing boots. With a password if one is given. */
export class SpiceMachine {
  #folder;
  #process;

  static async start(password) {
    const machine = new SpiceMachine();
    machine.#folder = await makeFolder();
    const addr = join(machine.#folder, "spice.sock");
    const lets = password === undefined ? "disable-ticketing=on" : "password-secret=password";
    const secret = password === undefined ? [] : ["-object", `secret,id=password,data=${password}`];
    const bare = "-nodefaults -no-user-config -machine pc -accel tcg -m 32 -display none -vga std";
    machine.#process = new Process("QEMU", "qemu-system-x86_64", [
      ...bare.split(" "),
      ...secret,
      "-spice",
      `unix=on,addr=${addr},${lets}`,
    ]);
    await until("QEMU to listen", async () => {
      machine.#process.throwIfEnded();
      const connection = createConnection(addr);
      try {
        await once(connection, "connect");
        return true;
      } catch {
        return false;
      } finally {
        connection.destroy();
      }
    });
    return machine;
  }

  get address() {
    return `unix:${join(this.#folder, "spice.sock")}`;
  }

  async stop() {
    await this.#process.stop();
    await removeFolder(this.#folder);
  }
}

/** Opens a channel's WebSocket in a browser's page and links it by hand, as far as the channel's first message. */
export function linkByHand(page, url) {
  return page.evaluate(async (url) => {
    const socket = new WebSocket(url, ["binary", "oriel.v1"]);
    socket.binaryType = "arraybuffer";
    let bytes = [];
    let wake = () => {};
    let end = null;
    socket.addEventListener("message", ({ data }) => {
      bytes.push(...new Uint8Array(data));
      wake();
    });
    socket.addEventListener("close", ({ code, reason }) => {
      end = { code, reason };
      wake();
    });
    const changed = () => new Promise((resolve) => (wake = resolve));
    const take = async (length) => {
      while (bytes.length < length && !end) await changed();
      const taken = new DataView(new Uint8Array(bytes.slice(0, length)).buffer);
      bytes = bytes.slice(length);
      return taken;
    };
    const u32 = (...numbers) => [...new Uint8Array(new Uint32Array(numbers).buffer)];
    await new Promise((resolve) => socket.addEventListener("open", resolve));
    // No connection yet, channel main (1) number 0, one word of common capabilities: selection and short headers.
    const request = [...u32(0), 1, 0, ...u32(1, 0, 18, 0b1001)];
    const magic = [...new TextEncoder().encode("REDQ")];
    socket.send(new Uint8Array([...magic, ...u32(2, 2, request.length), ...request]));
    const header = await take(16);
    const reply = await take(header.getUint32(12, true));
    const error = reply.getUint32(0, true);
    if (error !== 0) {
      while (!end) await changed();
      return { error, end };
    }
    // Mechanism 1, and a ticket that is no password's.
    socket.send(new Uint8Array([...u32(1), ...new Uint8Array(128)]));
    const result = (await take(4)).getUint32(0, true);
    const message = await take(6);
    const first = { type: message.getUint16(0, true), size: message.getUint32(2, true) };
    const size = (await take(first.size)).byteLength;
    window.channel = socket;
    return { error, result, first, size };
  }, String(url));
}

const root = fileURLToPath(new URL("../node_modules/@spice-project/spice-html5/", import.meta.url));
const types = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css" };

/** Lays the unmodified spice-html5 at `/spice-html5/` of the same origin, as a web server in front would. */
export async function serveSpiceHtml5(context, origin) {
  // What is answered here came from no address that Chromium could compare with Oriel's.
  await context.grantPermissions(["local-network-access"], { origin });
  await context.route(`${origin}/spice-html5/**`, async (route) => {
    const path = join(root, normalize(new URL(route.request().url()).pathname.slice(12)));
    const found = path.startsWith(root) && (await stat(path).catch(() => null))?.isFile();
    await route.fulfill(
      found
        ? { body: await readFile(path), contentType: types[extname(path)] ?? "text/plain" }
        : { status: 404 },
    );
  });
}
