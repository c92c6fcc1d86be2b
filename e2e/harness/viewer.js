import { randomBytes } from "node:crypto";
import { RawSocket } from "./socket.js";
import { until } from "./wait.js";

/** The bytes of a request for a WebSocket, for a target with a token in it or with headers that say more. */
export function upgrade(target, headers = []) {
  const head = [
    `GET ${target} HTTP/1.1`,
    "Host: localhost",
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    `Sec-WebSocket-Key: ${randomBytes(16).toString("base64")}`,
    "Sec-WebSocket-Protocol: binary",
    ...headers,
  ];
  return `${head.join("\r\n")}\r\n\r\n`;
}

/** A frame of a client, with these bytes. */
export function frame(payload, opcode = 2) {
  const mask = randomBytes(4);
  const masked = Buffer.from(payload.map((byte, at) => byte ^ mask[at % 4]));
  return Buffer.concat([Buffer.from([0x80 | opcode, 0x80 | payload.length]), mask, masked]);
}

const key = Buffer.from([4, 1, 0, 0, 0, 0, 0, 0x61]);

/** A program that speaks WebSocket and RFB, a byte at a time where a test wants it. */
export class Viewer {
  #raw;

  /** Opens a console by a token, wherever the target or the headers carry it, and says what it was answered. */
  static async knock(oriel, target, headers = []) {
    const viewer = new Viewer();
    viewer.#raw = await RawSocket.open(oriel);
    viewer.#raw.write(upgrade(target, headers));
    viewer.status = await status(viewer.#raw);
    return viewer;
  }

  /** Opens a console and goes through RFB's handshake. */
  static async open(oriel, token) {
    const viewer = await Viewer.knock(oriel, `/websockify?token=${token}`);
    await viewer.greet();
    return viewer;
  }

  /** RFB's handshake. It ends with the screen's name, `white`. */
  async greet() {
    await this.#hears("RFB 003.008\n");
    this.#raw.write(frame(Buffer.from("RFB 003.008\n")));
    await this.#hears("\x01\x01");
    this.#raw.write(frame(Buffer.from([1])));
    await this.#hears("\0\0\0\0");
    this.#raw.write(frame(Buffer.from([1])));
    await this.#hears("white");
  }

  /** A key stroke. */
  press() {
    this.#raw.write(frame(key));
  }

  /** Reads no more, so that all that comes piles up on the way. */
  stall() {
    this.#raw.pause();
  }

  read() {
    this.#raw.resume();
  }

  /** How many bytes it was sent. */
  get heard() {
    return this.#raw.received.length;
  }

  #hears(text) {
    return until(`${JSON.stringify(text)} from the gateway`, () =>
      this.#raw.received.includes(text),
    );
  }

  close() {
    this.#raw.close();
  }
}

/** The status of the answer to a request for a WebSocket, 101 included. */
async function status(raw) {
  const answer = await until("an answer", () => raw.received.match(/^HTTP\/1\.1 (\d{3}) /));
  return Number(answer[1]);
}
