import { spawn } from "node:child_process";
import { join } from "node:path";
import { makeFolder, removeFolder } from "./folder.js";
import { Process, plainEnvironment, run } from "./process.js";
import { until } from "./wait.js";

/** TigerVNC's X server: a desktop that takes the size which a viewer asks for. */
export class Desktop {
  #folder;
  #process;

  static async start(size = "800x600") {
    const desktop = new Desktop();
    desktop.#folder = await makeFolder();
    const options = {
      displayfd: "1",
      rfbunixpath: join(desktop.#folder, "vnc.sock"),
      rfbport: "-1",
      SecurityTypes: "None",
      geometry: size,
      nolisten: "tcp",
    };
    const args = Object.entries(options).flatMap(([name, value]) => [`-${name}`, value]);
    desktop.#process = new Process("Xvnc", "Xvnc", args);
    await until("Xvnc to be there", () => {
      desktop.#process.throwIfEnded();
      return desktop.#process.stdout.includes("\n");
    });
    return desktop;
  }

  /** Where the screen can be had. */
  get screenAddress() {
    return `unix:${join(this.#folder, "vnc.sock")}`;
  }

  /** Copies a text, as a program on the desktop does it. */
  copy(text) {
    return new Promise((resolve, reject) => {
      const options = { env: this.#environment, stdio: ["pipe", "ignore", "inherit"] };
      // It goes into the background, and there hands the text out until somebody else copies.
      const program = spawn("xclip", ["-selection", "clipboard", "-in"], options);
      program.on("error", reject);
      program.on("exit", resolve);
      program.stdin.end(text);
    });
  }

  /** What a program on the desktop would paste. */
  async pasted() {
    const ask = ["-selection", "clipboard", "-out", "-target", "UTF8_STRING"];
    const options = { env: this.#environment };
    return (await run("xclip", "xclip", ask, options).catch(() => ({ stdout: "" }))).stdout;
  }

  get #environment() {
    return plainEnvironment({ DISPLAY: `:${this.#process.stdout.trim()}` });
  }

  async stop() {
    await this.#process?.stop();
    await removeFolder(this.#folder);
  }
}
