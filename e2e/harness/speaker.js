import { once } from "node:events";
import { createServer } from "node:net";
import { until } from "./wait.js";

/** A serial line that says what the test wants it to, and notes what it hears. */
export class Speaker {
  #server;
  #lines = new Set();
  heard = Buffer.alloc(0);

  static async start() {
    const speaker = new Speaker();
    speaker.#server = createServer((line) => {
      speaker.#lines.add(line);
      line.on("data", (bytes) => {
        speaker.heard = Buffer.concat([speaker.heard, bytes]);
      });
      line.on("error", () => {});
      line.on("close", () => speaker.#lines.delete(line));
    }).listen(0, "127.0.0.1");
    await once(speaker.#server, "listening");
    return speaker;
  }

  get address() {
    return `tcp:127.0.0.1:${this.#server.address().port}`;
  }

  /** Returns once all of it is taken. Where nobody listens yet, it waits for somebody. */
  async says(words) {
    await until("somebody to listen", () => this.#lines.size > 0);
    for (const line of this.#lines) {
      if (!line.write(words)) {
        await once(line, "drain");
      }
    }
  }

  /** Ends the line, as a machine does that is switched off. Whoever calls again is answered. */
  async hangUp() {
    for (const line of this.#lines) {
      line.end();
    }
  }

  async stop() {
    for (const line of this.#lines) {
      line.destroy();
    }
    this.#server.close();
    await once(this.#server, "close");
  }
}
