import { readFile, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { connect } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { Authority } from "./certificates.js";
import { makeFolder, removeFolder } from "./folder.js";
import { freePort } from "./port.js";
import { Process, plainEnvironment } from "./process.js";
import { until } from "./wait.js";

/** Where the proxies come from. Clients come from elsewhere on this machine. */
export const proxyAddress = "127.0.0.2";

const manual = await readFile(new URL("../../docs/port.md", import.meta.url), "utf8");

/** The example of the manual that is this, or else has it in it, for addresses of this machine. */
export function example(mark, oriel) {
  const blocks = [...manual.matchAll(/^```\w*\n(.*?)^```$/gms)].map(([, block]) => block);
  const found =
    blocks.find((block) => block === mark) ?? blocks.find((block) => block.includes(mark));
  if (found === undefined) {
    throw new Error(`docs/port.md has no example with ${mark}`);
  }
  return found
    .replaceAll("10.0.0.7:8002", `127.0.0.1:${oriel?.port}`)
    .replaceAll("/etc/haproxy/oriel-ca.pem", String(oriel?.caFile))
    .replaceAll("10.0.0.2", proxyAddress);
}

/** The lines of an example's section `[listen]`. */
export const listenLines = (mark) => example(mark).replace("[listen]\n", "");

/** A real proxy in front of Oriel, configured as the manual says. */
export class FrontProxy {
  #folder;
  #process;
  /** What its clients must trust. */
  caFile;

  /** HAProxy that passes bytes on and leaves TLS to Oriel. */
  static haproxyOfBytes(oriel) {
    return FrontProxy.#start((proxy) => {
      proxy.caFile = oriel.caFile;
      return proxy.#haproxy("tcp", "", example("send-proxy-v2", oriel));
    });
  }

  /** HAProxy that reads the requests. */
  static haproxyOfRequests(oriel) {
    return FrontProxy.#start((proxy) =>
      proxy.#haproxy(
        "http",
        `ssl crt ${proxy.#file("both.pem")}`,
        example("option forwardfor", oriel),
      ),
    );
  }

  static nginx(oriel) {
    return FrontProxy.#start((proxy) => proxy.#nginx(oriel));
  }

  static async #start(run) {
    const proxy = new FrontProxy();
    proxy.#folder = await makeFolder();
    try {
      const authority = await Authority.make(proxy.#folder);
      await authority.sign("proxy", "localhost");
      proxy.caFile = authority.file;
      const files = [authority.certificate("proxy"), authority.key("proxy")];
      const both = await Promise.all(files.map((file) => readFile(file)));
      await writeFile(proxy.#file("both.pem"), Buffer.concat(both));
      proxy.port = await freePort();
      await run(proxy);
      await until("the proxy to answer", async () => {
        proxy.#process.throwIfEnded();
        return (await ask(proxy, "/healthz").catch(() => null))?.status === 200;
      });
    } catch (error) {
      await proxy.stop();
      throw error;
    }
    return proxy;
  }

  async #haproxy(mode, tls, backend) {
    const file = this.#file("haproxy.cfg");
    await writeFile(
      file,
      `global
    maxconn 500
defaults
    mode ${mode}
    source ${proxyAddress}
    timeout connect 10s
    timeout client 1m
    timeout server 1m
frontend consoles
    bind 127.0.0.1:${this.port} ${tls}
    default_backend oriel
${backend}`,
    );
    this.#run("haproxy", "-db", "-f", file);
  }

  async #nginx(oriel) {
    const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    await writeFile(
      this.#file("nginx.conf"),
      `daemon off;
pid ${this.#file("pid")};
error_log stderr;
events {}
http {
    access_log off;
    ${temporary.map((name) => `${name}_temp_path ${this.#file(name)};`).join("\n    ")}
    ${example("map $http_upgrade", oriel)}
    server {
        listen 127.0.0.1:${this.port} ssl;
        ssl_certificate ${this.#file("both.pem")};
        ssl_certificate_key ${this.#file("both.pem")};
        proxy_bind ${proxyAddress};
        ${example("proxy_pass", oriel)}
    }
}
`,
    );
    const conf = ["-p", this.#folder, "-c", this.#file("nginx.conf")];
    this.#run("nginx", "-e", "stderr", ...conf);
  }

  #run(program, ...args) {
    this.#process = new Process(program, program, args, { env: plainEnvironment() });
  }

  #file(name) {
    return join(this.#folder, name);
  }

  /** The same link by way of the proxy. */
  link(url) {
    const link = new URL(url);
    link.port = this.port;
    return link;
  }

  async stop() {
    await this.#process?.stop();
    await removeFolder(this.#folder);
  }
}

/** A request from an address of this machine, to whatever has a port and a certificate. */
export async function ask({ port, caFile }, path, { from = "127.0.0.1", headers = {} } = {}) {
  const ca = await readFile(caFile);
  const options = { ca, port, path, headers, localAddress: from, host: "localhost", family: 4 };
  const response = await new Promise((resolve, reject) => {
    request({ ...options, agent: false }, resolve)
      .on("error", reject)
      .end();
  });
  return { status: response.statusCode, body: await text(response) };
}

/** Sends bytes on a plain connection, and returns all that comes back until the other side closes. */
export function sendPlain(port, bytes, from = "127.0.0.1") {
  const socket = connect({ port, host: "127.0.0.1", localAddress: from });
  socket.write(bytes);
  return new Promise((resolve) => {
    const answer = [];
    socket.on("data", (data) => answer.push(data));
    // What is closed with something unread is reset.
    socket.on("error", () => {});
    socket.on("close", () => resolve(Buffer.concat(answer)));
  });
}
