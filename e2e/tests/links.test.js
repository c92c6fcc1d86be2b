import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { BackEnd, whiteScreen } from "../harness/back-ends.js";
import { Site } from "../harness/site.js";
import { bytes, RawSocket } from "../harness/socket.js";
import { Viewer } from "../harness/viewer.js";

describe("a link in any of its forms", () => {
  let backEnd;
  let site;

  before(async () => {
    backEnd = await BackEnd.start(whiteScreen);
    site = await Site.start({ servers: { white: backEnd.address } });
  });

  after(async () => {
    await site?.stop();
    await backEnd?.stop();
  });

  /** A token that nobody has used. */
  async function newToken() {
    const { searchParams } = await site.oriel.link("white");
    return searchParams.get("token");
  }

  for (const form of [
    "/vnc.auto.html?path=%3Ftoken%3DTOKEN",
    "/vnc_auto.html?path=%3Ftoken%3DTOKEN",
    "/vnc_lite.html?path=%3Ftoken%3DTOKEN",
    "/vnc.html?path=websockify%3Ftoken%3DTOKEN&autoconnect=true",
    "/vnc.auto.html?token=TOKEN&lang=EN",
    "/vnc_auto.html?token=TOKEN&title=white",
    "/vnc_lite.html?token=TOKEN",
    "/vnc.html?token=TOKEN",
  ]) {
    test(`the page ${form} shows the console`, async () => {
      const page = await site.open(
        new URL(form.replace("TOKEN", await newToken()), site.oriel.url),
      );
      await page.connected();
    });
  }

  for (const [target, cookie] of [
    ["/websockify?token=TOKEN"],
    ["/?token=TOKEN"],
    ["/websockify/?token=TOKEN"],
    ["/anywhere/at/all?x=y&token=TOKEN"],
    ["/websockify", "token=TOKEN"],
    ["/", "theme=dark; token=TOKEN; lang=EN"],
    ["/websockify", 'token="TOKEN"'],
    ["/websockify", "token=TOKEN&lang=EN"],
    ["/websockify?token=TOKEN", `token=${randomUUID()}`],
    [`/websockify?token=${randomUUID()}&token=TOKEN`],
  ]) {
    test(`a program opens ${target}${cookie ? ` with the cookie ${cookie}` : ""}, once`, async () => {
      const token = await newToken();
      const headers = cookie ? [`Cookie: ${cookie.replace("TOKEN", token)}`] : [];
      const knock = () => Viewer.knock(site.oriel, target.replace("TOKEN", token), headers);
      const viewer = await knock();
      assert.equal(viewer.status, 101);
      await viewer.greet();
      viewer.close();
      const again = await knock();
      assert.equal(again.status, 403);
      again.close();
    });
  }

  for (const [what, target, headers, status] of [
    ["no token", "/websockify", [], 401],
    ["an empty token", "/websockify?token=", [], 401],
    ["a token that nobody was given", `/websockify?token=${randomUUID()}`, [], 401],
    ["a token in Nova's form, which is the page's", "/websockify?path=%3Ftoken%3DTOKEN", [], 401],
    ["another site's page", "/websockify?token=TOKEN", ["Origin: https://evil.example"], 403],
    ["a page without an origin", "/websockify?token=TOKEN", ["Origin: null"], 403],
    [
      "another site's page by the cookie",
      "/websockify",
      ["Origin: https://evil.example", "Cookie: token=TOKEN"],
      403,
    ],
  ]) {
    test(`${what} opens nothing and uses nothing up`, async () => {
      const token = await newToken();
      const with_ = (text) => text.replace("TOKEN", token);
      const refused = await Viewer.knock(site.oriel, with_(target), headers.map(with_));
      assert.equal(refused.status, status);
      refused.close();
      const viewer = await Viewer.open(site.oriel, token);
      viewer.close();
    });
  }

  // CVE-2021-3654: websockify sent whoever asked for //host/%2F.. on to that host.
  for (const path of [
    "//evil.example/%2F..",
    "//evil.example/%2f%2e%2e",
    "//evil.example/..",
    "//evil.example",
    "//evil.example/",
    "///evil.example/%2F..",
    "/%2F/evil.example/%2F..",
    "/%2F%2Fevil.example",
    "/%5Cevil.example",
    "/%5C%5Cevil.example/%2F..",
    "/%5Cevil.example/%5C..",
    "/\\evil.example/%2F..",
    "/.//evil.example/%2F..",
    "/assets//evil.example/%2F..",
    "/assets/%5Cevil.example",
    "/vnc.html//evil.example/%2F..",
    "/vnc_lite.html/..//evil.example",
    "/identity//evil.example/%2F..",
    "/v2.1//evil.example/%2F..",
    "http://evil.example/",
    "https://evil.example/vnc.html/",
    "/%0d%0aLocation:%20https://evil.example/",
  ]) {
    test(`${path} leads nowhere else`, async () => {
      for (const headers of [[], ["Accept: text/html"]]) {
        const raw = await RawSocket.open(site.oriel);
        raw.write(bytes("GET", path, ["Connection: close", ...headers]));
        assert.ok(await raw.closed(), "no answer");
        const head = raw.received.split("\r\n\r\n")[0];
        const [, status] = head.match(/^HTTP\/1\.1 (\d{3})/) ?? [];
        assert.ok(["200", "300", "400", "401", "404", "405"].includes(status), head);
        assert.doesNotMatch(head, /^(location|refresh|link):/im);
        assert.doesNotMatch(head, /evil\.example/);
      }
    });
  }
});
