import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { connect } from "node:tls";

/** A TLS connection on which a test says whatever it likes, byte by byte. */
export class RawSocket {
  #socket;
  #received = Buffer.alloc(0);
  #ended;

  static async open(oriel) {
    const raw = new RawSocket();
    const ca = await readFile(oriel.caFile);
    const options = { host: "127.0.0.1", port: oriel.port, servername: "localhost", ca };
    raw.#socket = connect({ ...options, ALPNProtocols: ["http/1.1"] });
    // What counts is what was answered; that the connection then breaks is no failure.
    raw.#socket.on("error", () => {});
    raw.#socket.on("data", (data) => {
      raw.#received = Buffer.concat([raw.#received, data]);
    });
    raw.#ended = once(raw.#socket, "close");
    await once(raw.#socket, "secureConnect");
    return raw;
  }

  write(data) {
    return this.#socket.write(data);
  }

  /** Takes nothing more off the wire. */
  pause() {
    this.#socket.pause();
  }

  resume() {
    this.#socket.resume();
  }

  get received() {
    return this.#received.toString("latin1");
  }

  /** The statuses of the answers so far. A leave to go on (100) is none. */
  get statuses() {
    return [...this.received.matchAll(/HTTP\/1\.1 ([2-5]\d\d) /g)].map(([, status]) =>
      Number(status),
    );
  }

  /** Waits for the next answer after so many; undefined is that the connection was closed, or the time is over. */
  async status(seconds = 10, after = 0) {
    const deadline = Date.now() + seconds * 1000;
    while (this.statuses.length <= after && !this.#socket.destroyed && Date.now() < deadline) {
      await pause(20);
    }
    return this.statuses[after];
  }

  /** Waits until the other side has closed it, and says whether it has. */
  async closed(seconds = 10) {
    const tooLate = pause(seconds * 1000, "too late", { ref: false });
    return (await Promise.race([this.#ended, tooLate])) !== "too late";
  }

  close() {
    this.#socket.destroy();
  }
}

/** Says one thing on a connection of its own, and returns the status of the answer. */
export async function say(oriel, data, seconds) {
  const raw = await RawSocket.open(oriel);
  try {
    raw.write(data);
    return await raw.status(seconds);
  } finally {
    raw.close();
  }
}

/** A request as bytes. `headers` are lines; a body's length is told unless they tell one. */
export function bytes(method, path, headers = [], body = "") {
  const told = headers.some((line) => /^(content-length|transfer-encoding):/i.test(line));
  const length =
    told || (!body.length && method === "GET")
      ? []
      : [`Content-Length: ${Buffer.byteLength(body)}`];
  const head = [`${method} ${path} HTTP/1.1`, "Host: localhost", ...headers, ...length, "", ""];
  return Buffer.concat([Buffer.from(head.join("\r\n"), "latin1"), Buffer.from(body)]);
}
