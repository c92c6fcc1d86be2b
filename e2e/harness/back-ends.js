import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import { makeFolder, removeFolder } from "./folder.js";

const version = Buffer.from("RFB 003.008\n");

/** A small server at a socket of its own that treats every connection alike. */
export class BackEnd {
  #folder;
  #server;
  #connections = new Set();

  static async start(treat) {
    const backEnd = new BackEnd();
    backEnd.#folder = await makeFolder();
    backEnd.#server = createServer((connection) => {
      backEnd.#connections.add(connection);
      connection.on("error", () => {});
      connection.on("close", () => backEnd.#connections.delete(connection));
      treat(connection);
    });
    backEnd.#server.listen(join(backEnd.#folder, "vnc.sock"));
    await once(backEnd.#server, "listening");
    return backEnd;
  }

  get address() {
    return `unix:${join(this.#folder, "vnc.sock")}`;
  }

  /** How many bytes it could write so far to all that are connected. */
  get written() {
    return [...this.#connections].reduce((sum, { bytesWritten, writableLength }) => {
      return sum + bytesWritten - writableLength;
    }, 0);
  }

  hangUp() {
    for (const connection of this.#connections) {
      connection.end();
    }
  }

  async stop() {
    for (const connection of this.#connections) {
      connection.destroy();
    }
    this.#server.close();
    await removeFolder(this.#folder);
  }
}

/** Takes connections and says nothing. */
export const silent = (connection) => connection.resume();

/** Speaks something else. */
export const speaksSsh = (connection) => connection.resume().write("SSH-2.0-OpenSSH_9.2\r\n");

/** Goes away in the middle of the handshake. */
export const breaksOff = (connection) => {
  connection.write(version);
  connection.once("data", () => connection.end());
};

/** Shows a small white screen, and nothing more. */
export const whiteScreen = async (connection) => {
  try {
    const input = await greet(connection);
    await input(1); // whatever it says first: what follows is not read
    connection.write(whiteUpdate(64, 64));
  } catch {
    // The other side has gone.
  }
};

/**
 * Shows a white corner of a screen of this size, and then says this. `struck` gets each byte that
 * the viewer sends.
 */
export const screenThatSays = (width, height, message = Buffer.alloc(0), struck = () => {}) => {
  return async (connection) => {
    try {
      const input = await greet(connection, width, height);
      await input(1); // whatever it says first: only key strokes matter of what follows
      connection.write(whiteUpdate(Math.min(width, 64), Math.min(height, 64)));
      connection.write(message);
      for (;;) {
        struck(await input(1));
      }
    } catch {
      // The other side has gone.
    }
  };
};

/** What a server says when a text was copied there: RFC 6143, section 7.6.4. */
export function cutText(text) {
  const head = Buffer.alloc(8);
  head[0] = 3;
  head.writeUInt32BE(text.length, 4);
  return Buffer.concat([head, Buffer.from(text, "latin1")]);
}

/** Rings the bell at each key stroke. */
export const bell = async (connection) => {
  try {
    const input = await greet(connection);
    for (;;) {
      await input(8);
      connection.write(Buffer.from([2]));
    }
  } catch {
    // The other side has gone.
  }
};

/** Draws white as fast as it can, whether anybody asks or not. */
export const flood = async (connection) => {
  try {
    await greet(connection);
    const update = whiteUpdate(64, 64);
    connection.on("drain", pour);
    pour();
    function pour() {
      while (connection.write(update));
    }
  } catch {
    // The other side has gone.
  }
};

/** Shows a white screen, and notes the keys and the pointer that it gets in `events`, in words. */
export const recorder =
  (events, width = 400, height = 300) =>
  async (connection) => {
    try {
      const input = await greet(connection, width, height);
      let drawn = false;
      for (;;) {
        const [type] = await input(1);
        if (type === 0) {
          await input(19);
        } else if (type === 2) {
          const head = await input(3);
          await input(4 * head.readUInt16BE(1));
        } else if (type === 3) {
          await input(9);
          if (!drawn) {
            connection.write(whiteUpdate(width, height));
            drawn = true;
          }
        } else if (type === 4) {
          const key = await input(7);
          events.push(`${key[0] ? "press" : "release"} ${keyName(key.readUInt32BE(3))}`);
        } else if (type === 5) {
          const pointer = await input(5);
          const [x, y] = [pointer.readUInt16BE(1), pointer.readUInt16BE(3)];
          events.push(`buttons ${pointer[0]} at ${x},${y}`);
        } else {
          throw new Error(`a message of the type ${type}`);
        }
      }
    } catch {
      // The other side has gone.
    }
  };

const keyNames = { 65288: "BackSpace", 65289: "Tab", 65293: "Return", 65307: "Escape" };
const heldNames = { 65505: "Shift", 65507: "Control", 65513: "Alt" };

function keyName(keysym) {
  return keyNames[keysym] ?? heldNames[keysym] ?? String.fromCodePoint(keysym & 0x00ff_ffff);
}

/** The server's side of RFB's handshake; returns what reads on. */
async function greet(connection, width = 64, height = 64) {
  const input = byteReader(connection);
  connection.write(version);
  await input(version.length);
  connection.write(Buffer.from([1, 1])); // one security type: None
  await input(1);
  connection.write(Buffer.alloc(4)); // OK
  await input(1); // shared or not
  connection.write(serverInit(width, height, "white"));
  return input;
}

function byteReader(connection) {
  const chunks = connection[Symbol.asyncIterator]();
  let buffer = Buffer.alloc(0);
  return async (length) => {
    while (buffer.length < length) {
      const { value, done } = await chunks.next();
      if (done) {
        throw new Error("the connection was closed");
      }
      buffer = Buffer.concat([buffer, value]);
    }
    const bytes = buffer.subarray(0, length);
    buffer = buffer.subarray(length);
    return bytes;
  };
}

function serverInit(width, height, name) {
  const message = Buffer.alloc(24 + name.length);
  message.writeUInt16BE(width, 0);
  message.writeUInt16BE(height, 2);
  // 32 bits a pixel, 24 of them in use, little-endian, true colour, eight bits for each of red, green and blue.
  message.set([32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0], 4);
  message.writeUInt32BE(name.length, 20);
  message.write(name, 24);
  return message;
}

function whiteUpdate(width, height) {
  const header = Buffer.alloc(16);
  header.writeUInt16BE(1, 2); // one rectangle, at 0, 0, raw
  header.writeUInt16BE(width, 8);
  header.writeUInt16BE(height, 10);
  return Buffer.concat([header, Buffer.alloc(width * height * 4, 0xff)]);
}
