import { once } from "node:events";
import { mkdir, readFile } from "node:fs/promises";
import { request } from "node:http";
import { createServer } from "node:https";
import { join } from "node:path";
import { Authority } from "./certificates.js";
import { makeFolder, removeFolder } from "./folder.js";

/** TLS in front of a service on this machine, as an operator's proxy does it, with an authority made for it. */
export class TlsFront {
  #folder;
  #server;

  /** `to` is the plain address. The certificate is for `localhost` alone. */
  static async start(to) {
    const front = new TlsFront();
    try {
      front.#folder = await makeFolder();
      await front.#makeCertificates();
      await front.#serve(to);
    } catch (error) {
      await front.stop();
      throw error;
    }
    return front;
  }

  async #makeCertificates() {
    const authority = await Authority.make(this.#folder);
    await authority.sign("server", "localhost");
    const other = join(this.#folder, "other");
    await mkdir(other);
    await Authority.make(other);
  }

  async #serve(to) {
    const [cert, key] = await Promise.all(
      [this.file("server"), join(this.#folder, "server.key")].map((file) => readFile(file)),
    );
    this.#server = createServer({ cert, key }, (incoming, outgoing) => {
      const { method, headers } = incoming;
      const onward = request(new URL(incoming.url, to), { method, headers }, (answer) => {
        outgoing.writeHead(answer.statusCode, answer.headers);
        answer.pipe(outgoing);
      });
      onward.on("error", () => outgoing.destroy());
      incoming.pipe(onward);
    });
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    this.port = this.#server.address().port;
  }

  /** A certificate: `ca`, which signed the server's, or `other-ca`, which did not. */
  file(name) {
    return join(this.#folder, name === "other-ca" ? "other/ca.pem" : `${name}.pem`);
  }

  async stop() {
    this.#server?.closeAllConnections();
    this.#server?.close();
    if (this.#folder) {
      await removeFolder(this.#folder);
    }
  }
}
