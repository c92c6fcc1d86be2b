import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:https";
import { Authority } from "./certificates.js";
import { makeFolder, removeFolder } from "./folder.js";

/** Another site, whose page shows a console in a frame. */
export class Portal {
  #folder;
  #server;
  #host;

  /** `host` is a name below `.example`: the tests' browser finds it on this machine. */
  static async start(host) {
    const portal = new Portal();
    portal.#host = host;
    portal.#folder = await makeFolder();
    try {
      const authority = await Authority.make(portal.#folder);
      await authority.sign("portal", host);
      const [cert, key] = await Promise.all(
        [authority.certificate("portal"), authority.key("portal")].map((file) => readFile(file)),
      );
      portal.#server = createServer({ cert, key }, (request, response) =>
        answer(request, response),
      );
      portal.#server.listen(0, "127.0.0.1");
      await once(portal.#server, "listening");
    } catch (error) {
      await portal.stop();
      throw error;
    }
    return portal;
  }

  get origin() {
    return `https://${this.#host}:${this.#server.address().port}`;
  }

  /** Its page that shows this link. */
  showing(link) {
    return new URL(`/?${new URLSearchParams({ link })}`, this.origin);
  }

  async stop() {
    this.#server?.closeAllConnections();
    this.#server?.close();
    await removeFolder(this.#folder);
  }
}

function answer(request, response) {
  const link = new URL(request.url, "https://portal.example").searchParams.get("link");
  if (link === null) {
    response.writeHead(204).end();
    return;
  }
  const source = link.replaceAll("&", "&amp;").replaceAll('"', "&quot;");
  const frame = `<iframe src="${source}" allow="fullscreen; clipboard-read; clipboard-write" width="900" height="600"></iframe>`;
  response.writeHead(200, { "Content-Type": "text/html" });
  response.end(`<!doctype html><title>Portal</title>${frame}`);
}
