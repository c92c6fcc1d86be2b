import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { request } from "node:http";
import { createServer } from "node:https";
import { join } from "node:path";
import { makeFolder, removeFolder } from "./folder.js";
import { run } from "./process.js";

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
    const key = (name) => join(this.#folder, `${name}.key`);
    const make = (name, subject, ...options) => {
      const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
      const files = ["-keyout", key(name), "-out", this.file(name)];
      const args = ["req", "-x509", "-days", "2", ...curve, ...files, "-subj", `/CN=${subject}`];
      return run("openssl", "openssl", [...args, ...options]);
    };
    const ofAuthority = ["-addext", "keyUsage=critical,keyCertSign"];
    await make("ca", "the test's authority", ...ofAuthority);
    await make("other-ca", "another authority", ...ofAuthority);
    const authority = ["-CA", this.file("ca"), "-CAkey", key("ca")];
    const names = ["-addext", "subjectAltName=DNS:localhost"];
    const leaf = ["-addext", "basicConstraints=critical,CA:FALSE"];
    await make("server", "localhost", ...authority, ...names, ...leaf);
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
    return join(this.#folder, `${name}.pem`);
  }

  async stop() {
    this.#server?.closeAllConnections();
    this.#server?.close();
    if (this.#folder) {
      await removeFolder(this.#folder);
    }
  }
}
