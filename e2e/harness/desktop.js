import { join } from "node:path";
import { makeFolder, removeFolder } from "./folder.js";
import { Process } from "./process.js";
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

  async stop() {
    await this.#process?.stop();
    await removeFolder(this.#folder);
  }
}
