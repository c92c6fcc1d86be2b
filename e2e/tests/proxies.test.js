import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { BackEnd, whiteScreen } from "../harness/back-ends.js";
import { ask, FrontProxy, listenLines, proxyAddress, sendPlain } from "../harness/proxies.js";
import { Site } from "../harness/site.js";
import { rowsOf } from "../harness/store.js";

const client = "127.0.0.9";
const invented = "203.0.113.6";
const lies = {
  "X-Forwarded-For": invented,
  "X-Forwarded-Proto": "http",
  "X-Forwarded-Host": "evil.example",
  Forwarded: `for=${invented};host=evil.example;proto=http`,
};
const proxyHeaders = {
  1: Buffer.from(`PROXY TCP4 ${invented} 127.0.0.1 1111 443\r\n`),
  2: Buffer.from([
    ...Buffer.from("\r\n\r\n\0\r\nQUIT\n"),
    ...[0x21, 0x11, 0, 12, 203, 0, 113, 6, 127, 0, 0, 1, 4, 87, 1, 187],
  ]),
};

for (const [what, start, mark] of [
  ["HAProxy in TCP mode", FrontProxy.haproxyOfBytes, "proxy_protocol"],
  [
    "HAProxy in HTTP mode",
    FrontProxy.haproxyOfRequests,
    '[listen]\ntrusted_proxies = ["10.0.0.2"]\n',
  ],
  ["nginx", FrontProxy.nginx, '[listen]\ntrusted_proxies = ["10.0.0.2"]\n'],
]) {
  describe(`behind ${what}, as the manual says`, () => {
    let backEnd;
    let site;
    let proxy;

    before(async () => {
      backEnd = await BackEnd.start(whiteScreen);
      const servers = { white: backEnd.address };
      site = await Site.start({ servers, listen: listenLines(mark) });
      proxy = await start(site.oriel);
    });

    after(async () => {
      // The page first: while it is open, it listens to its session through the proxy.
      await site?.stop();
      await proxy?.stop();
      await backEnd?.stop();
    });

    /** From where Oriel says that a request came. */
    async function loggedClient(to, options) {
      const path = `/v2.1/servers/${randomUUID()}`;
      assert.equal((await ask(to, path, options)).status, 401);
      return (await site.oriel.logs(path, (event) => event.path === path)).client;
    }

    test("a console opens, and audit trail and log name the browser's address", async () => {
      const page = await site.open(proxy.link(await site.oriel.link("white")));
      await page.connected();
      const began = await site.oriel.logs(
        "the session",
        ({ message }) => message === "session began",
      );
      assert.equal(began.client, "127.0.0.1");
      const rows = await rowsOf(site.oriel, "SELECT client FROM sessions");
      assert.deepEqual(rows, [{ client: "127.0.0.1" }]);
      await page.reload();
      await page.connected();
    });

    test("requests come from the client and not from the proxy", async () => {
      assert.equal(await loggedClient(proxy, { from: client }), client);
    });

    test("what the client says of itself counts nothing, through the proxy or past it", async () => {
      assert.equal(await loggedClient(proxy, { from: client, headers: lies }), client);
      assert.equal(await loggedClient(site.oriel, { from: client, headers: lies }), client);
    });

    test("answers name the address that the client asked", async () => {
      for (const headers of [{}, lies]) {
        const { body } = await ask(proxy, "/", { from: client, headers });
        const links = [...body.matchAll(/"(https?:\/\/[^/"]+)/g)].map(([, origin]) => origin);
        assert.deepEqual([...new Set(links)], [`https://localhost:${proxy.port}`], body);
      }
    });

    for (const [version, header] of Object.entries(proxyHeaders)) {
      test(`a PROXY header of version ${version} that a client writes is never believed`, async () => {
        const request = Buffer.from("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
        for (const { port } of [proxy, site.oriel]) {
          const answer = await sendPlain(port, Buffer.concat([header, request]), client);
          assert.doesNotMatch(answer.toString("latin1"), /HTTP\/1\.1 200/);
        }
        assert.ok(!site.oriel.log.includes(invented), "the log has the address that was made up");
      });
    }
  });
}

describe("listen.proxy_protocol", () => {
  let site;

  before(async () => {
    site = await Site.start({ servers: {}, listen: listenLines("proxy_protocol") });
  });

  after(() => site?.stop());

  test("closes a connection of the proxy that begins with anything else, and says so", async () => {
    const request = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    const answer = await sendPlain(site.oriel.port, request, proxyAddress);
    assert.equal(answer.length, 0);
    const { peer, level } = await site.oriel.logs("the proxy's connection", ({ message }) =>
      /a trusted proxy's connection was closed/.test(message),
    );
    assert.equal(level, "WARN");
    assert.match(peer, /^127\.0\.0\.2(:|$)/);
  });
});
