import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createConnection } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { makeFolder, removeFolder } from "./folder.js";
import { Process, plainEnvironment } from "./process.js";
import { until, within } from "./wait.js";

const bootScript = fileURLToPath(new URL("../../dev/guest/boot.sh", import.meta.url));

/** The real machine behind a console: QEMU with the guest of `dev/guest`. */
export class Guest {
  #folder;
  #process;
  #qmp;

  /** Returns once a shell waits for input. `env` is what `boot.sh` reads out of its environment. */
  static async start(name = "demo", env = {}) {
    const guest = new Guest();
    try {
      await guest.#boot(name, env);
    } catch (error) {
      await guest.stop();
      throw error;
    }
    return guest;
  }

  async #boot(name, env) {
    this.#folder = await makeFolder();
    this.#process = new Process("QEMU", bootScript, [this.#folder, name], {
      env: plainEnvironment(env),
    });
    this.serial = new SerialLine(await this.#connect("serial.sock"));
    this.#qmp = await QemuControl.start(await this.#connect("qmp.sock"));
    await this.serial.says(`${name}:/root# `);
  }

  /** Where the screen can be had. */
  get screenAddress() {
    return `unix:${join(this.#folder, "vnc.sock")}`;
  }

  /** Where the serial line can be had, once nobody else holds it: QEMU takes one client at a time. */
  get serialAddress() {
    return `unix:${join(this.#folder, "serial.sock")}`;
  }

  /** Has QEMU offer the serial line at a port, in place of where it did. */
  async moveSerial(port, telnet) {
    const addr = { type: "inet", data: { host: "127.0.0.1", port: String(port) } };
    const data = { addr, server: true, wait: false, telnet };
    await this.#qmp.execute("chardev-change", { id: "serial", backend: { type: "socket", data } });
  }

  /** Ends the machine as if its plug were pulled. */
  async quit() {
    await this.#qmp.execute("quit");
  }

  /** The screen as QEMU itself sees it. */
  async screen() {
    const file = join(this.#folder, "screen.ppm");
    await this.#qmp.execute("screendump", { filename: file });
    return parsePpm(await readFile(file));
  }

  async stop() {
    this.serial?.close();
    this.#qmp?.close();
    await this.#process?.stop();
    if (this.#folder) {
      await removeFolder(this.#folder);
    }
  }

  #connect(socket) {
    return until(`QEMU to listen at ${socket}`, async () => {
      this.#process.throwIfEnded();
      const connection = createConnection(join(this.#folder, socket));
      try {
        await once(connection, "connect");
        return connection;
      } catch {
        return null;
      }
    });
  }
}

/** The guest's serial line: what it has said so far, without colours. */
class SerialLine {
  #connection;
  #heard = "";

  constructor(connection) {
    this.#connection = connection.setEncoding("utf8");
    connection.on("data", (text) => {
      this.#heard += text;
    });
  }

  async says(text, seconds = 60) {
    const heard = () => stripVTControlCharacters(this.#heard);
    const listen = async () => {
      while (!heard().includes(text)) {
        await once(this.#connection, "data");
      }
    };
    try {
      await within(seconds, `${JSON.stringify(text)} on the serial line`, listen());
    } catch (error) {
      error.message += `; it said:\n${heard()}`;
      throw error;
    }
  }

  /** Enters a line at the shell there. */
  enter(line) {
    this.#connection.write(`${line}\n`);
  }

  /** What the shell there prints for a command. */
  async answers(command, seconds) {
    const mark = randomUUID();
    // In two pieces, since the line shows what is entered too.
    this.enter(`echo ${mark}-b""egin; ${command}; echo ${mark}-e""nd`);
    await this.says(`${mark}-end`, seconds);
    const heard = stripVTControlCharacters(this.#heard);
    const [, answer] = heard.split(new RegExp(`${mark}-(?:begin|end)\r?\n?`));
    return answer.replaceAll("\r\n", "\n");
  }

  close() {
    this.#connection.destroy();
  }
}

/** QEMU's own control: one JSON object a line, and events among the answers. */
class QemuControl {
  #connection;
  #lines;

  static async start(connection) {
    const control = new QemuControl();
    control.#connection = connection;
    control.#lines = createInterface({ input: connection })[Symbol.asyncIterator]();
    await control.#lines.next();
    await control.execute("qmp_capabilities");
    return control;
  }

  async execute(command, options = {}) {
    this.#connection.write(`${JSON.stringify({ execute: command, arguments: options })}\n`);
    for (;;) {
      const { value } = await this.#lines.next();
      const answer = JSON.parse(value);
      if (answer.error) {
        throw new Error(`QEMU refused ${command}: ${answer.error.desc}`);
      }
      if ("return" in answer) {
        return answer.return;
      }
    }
  }

  close() {
    this.#connection.destroy();
  }
}

/** Reads what `screendump` writes: `P6`, width and height, 255, then three bytes a pixel. */
function parsePpm(file) {
  const [header, width, height] = file
    .subarray(0, 64)
    .toString("latin1")
    .match(/^P6\s(\d+)\s(\d+)\s255\s/);
  return { width: Number(width), height: Number(height), rgb: file.subarray(header.length) };
}
