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

  /** Its page that has Oriel's element, with these attributes, and a strict policy of its own. */
  withElement(oriel, attributes) {
    const query = new URLSearchParams({ oriel, attributes: JSON.stringify(attributes) });
    return new URL(`/element?${query}`, this.origin);
  }

  async stop() {
    this.#server?.closeAllConnections();
    this.#server?.close();
    await removeFolder(this.#folder);
  }
}

const escapeText = (text) => text.replaceAll("&", "&amp;").replaceAll('"', "&quot;");

function answer(request, response) {
  const { pathname, searchParams } = new URL(request.url, "https://portal.example");
  if (pathname === "/element") {
    showElement(response, searchParams.get("oriel"), JSON.parse(searchParams.get("attributes")));
  } else if (pathname === "/portal.js") {
    response.writeHead(200, { "Content-Type": "text/javascript" }).end(script);
  } else if (searchParams.has("link")) {
    const frame = `<iframe src="${escapeText(searchParams.get("link"))}" allow="fullscreen; clipboard-read; clipboard-write" width="900" height="600"></iframe>`;
    response.writeHead(200, { "Content-Type": "text/html" });
    response.end(`<!doctype html><title>Portal</title>${frame}`);
  } else {
    response.writeHead(204).end();
  }
}

/** Notes what the element tells, and what anybody else could hear. */
const script = `
globalThis.told = [];
globalThis.heard = [];
for (const type of ["oriel:state", "oriel:ended"]) {
  document.addEventListener(type, ({ detail }) => told.push({ type, ...detail }));
}
addEventListener("message", ({ data, origin }) => heard.push({ data, origin }));
`;

function showElement(response, oriel, attributes) {
  const text = Object.entries(attributes)
    .map(([name, value]) => `${name}="${escapeText(value)}"`)
    .join(" ");
  response.writeHead(200, {
    "Content-Type": "text/html",
    "Content-Security-Policy": `default-src 'none'; script-src 'self' ${oriel}; frame-src ${oriel}`,
  });
  response.end(`<!doctype html><html lang="en"><title>Portal</title>
<script src="/portal.js"></script>
<script type="module" src="${oriel}/oriel-console.js"></script>
<h1>Portal</h1>
<main><oriel-console ${text}></oriel-console></main></html>`);
}
