import { join } from "node:path";
import { run } from "./process.js";

/** An authority of the tests, and certificates that it signs, as files of a folder. */
export class Authority {
  #folder;

  static async make(folder) {
    const authority = new Authority();
    authority.#folder = folder;
    await authority.#request("ca", "-addext", "keyUsage=critical,keyCertSign");
    return authority;
  }

  /** Its own certificate. */
  get file() {
    return this.certificate("ca");
  }

  certificate(name) {
    return join(this.#folder, `${name}.pem`);
  }

  key(name) {
    return join(this.#folder, `${name}.key`);
  }

  /** A certificate called `name` for these host names. */
  sign(name, ...hosts) {
    const signer = ["-CA", this.file, "-CAkey", this.key("ca")];
    const names = `subjectAltName=${hosts.map((host) => `DNS:${host}`).join(",")}`;
    const leaf = ["-addext", "basicConstraints=critical,CA:FALSE", "-addext", names];
    return this.#request(name, ...signer, ...leaf);
  }

  #request(name, ...options) {
    const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    const files = ["-keyout", this.key(name), "-out", this.certificate(name)];
    const args = ["req", "-x509", "-days", "2", ...curve, ...files, "-subj", `/CN=${name}`];
    return run("openssl", "openssl", [...args, ...options]);
  }
}
