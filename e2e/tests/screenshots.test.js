import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { BackEnd, silent } from "../harness/back-ends.js";
import { Guest } from "../harness/guest.js";
import { Oriel } from "../harness/oriel.js";
import { readPng } from "../harness/png.js";

const settings = {
  ORIEL_SCREENSHOTS__ENABLED: "true",
  ORIEL_SCREENSHOTS__MAX_AGE: "1m",
  ORIEL_SCREENSHOTS__TIMEOUT: "2s",
};

describe("screenshots", () => {
  let guest;
  let stalled;
  let oriel;
  let token;

  before(async () => {
    guest = await Guest.start("demo");
    stalled = await BackEnd.start(silent);
    oriel = await Oriel.start({
      servers: {
        demo: guest.screenAddress,
        stalled: stalled.address,
        nowhere: "unix:/nonexistent/vnc.sock",
        headless: { consoles: { serial: guest.serialAddress } },
      },
      settings,
    });
    token = (await oriel.login()).headers["x-subject-token"];
  });

  after(async () => {
    await oriel?.stop();
    await stalled?.stop();
    await guest?.stop();
  });

  const shoot = (name, query = "", headers = {}, method = "GET") =>
    oriel.download(
      method,
      `/oriel/v1/servers/${oriel.serverIds[name] ?? name}/screenshot${query}`,
      {
        "X-Auth-Token": token,
        ...headers,
      },
    );

  test("a real guest's screen is a picture with something on it", async () => {
    const { status, headers, body } = await shoot("demo");
    assert.equal(status, 200, body.toString());
    assert.equal(headers["content-type"], "image/png");
    assert.equal(headers["cache-control"], "private, no-cache");
    assert.equal(headers["x-content-type-options"], "nosniff");
    assert.match(headers["x-openstack-request-id"], /^req-/);
    assert.ok(Number(headers.age) < 60);
    assert.ok(Math.abs(Date.parse(headers["last-modified"]) - Date.now()) < 60_000);
    const full = readPng(body);
    assert.ok(full.width >= 640 && full.height >= 400, `${full.width}x${full.height}`);
    // A console: dark, with light letters.
    const light = countPixels(full, (red, green, blue) => red + green + blue > 300);
    const dark = countPixels(full, (red, green, blue) => red + green + blue < 60);
    assert.ok(light > 500, `only ${light} pixels are light`);
    assert.ok(dark > 10 * light, `only ${dark} pixels are dark`);

    const small = readPng((await shoot("demo", "?width=320")).body);
    assert.equal(small.width, 320);
    assert.equal(small.height, Math.round((full.height * 320) / full.width));
    assert.ok(countPixels(small, (red, green, blue) => red + green + blue > 100) > 50);
    const wide = readPng((await shoot("demo", "?width=9999&format=png")).body);
    assert.equal(wide.width, full.width, "it is never made wider");
  });

  test("as WebP where that is wanted", async () => {
    for (const [query, headers] of [
      ["?format=webp", {}],
      ["", { Accept: "image/avif,image/webp,image/apng,*/*;q=0.8" }],
    ]) {
      const answer = await shoot("demo", query, headers);
      assert.equal(answer.headers["content-type"], "image/webp");
      assert.equal(answer.headers.vary, "Accept");
      assert.equal(answer.body.toString("latin1", 0, 4), "RIFF");
      assert.equal(answer.body.toString("latin1", 8, 12), "WEBP");
    }
    assert.equal((await shoot("demo", "", { Accept: "text/html" })).status, 406);
  });

  test("who has it already is told so, and HEAD tells all but the picture", async () => {
    const first = await shoot("demo", "?width=100");
    const again = await shoot("demo", "?width=100", { "If-None-Match": first.headers.etag });
    assert.equal(again.status, 304);
    assert.equal(again.body.length, 0);
    assert.equal(again.headers.etag, first.headers.etag);
    const head = await shoot("demo", "?width=100", {}, "HEAD");
    assert.equal(head.status, 200);
    assert.equal(Number(head.headers["content-length"]), first.body.length);
    assert.equal(head.headers.etag, first.headers.etag);
    assert.equal(head.body.length, 0);
  });

  test("what cannot be shown has a name", async () => {
    for (const [name, query, headers, status, code] of [
      ["demo", "", { "X-Auth-Token": "" }, 401, "unauthenticated"],
      ["demo", "", { "X-Auth-Token": "wrong" }, 401, "unauthenticated"],
      ["demo", "?width=0", {}, 400, "client-protocol"],
      ["demo", "?format=gif", {}, 400, "client-protocol"],
      ["00000000-0000-4000-8000-000000000000", "", {}, 404, "server-unknown"],
      ["headless", "", {}, 409, "no-screen"],
      ["nowhere", "", {}, 502, "back-end-unreachable"],
      ["stalled", "", {}, 504, "back-end-timeout"],
    ]) {
      const answer = await shoot(name, query, headers);
      const { error } = JSON.parse(answer.body);
      assert.deepEqual([answer.status, error.code], [status, code], error.message);
      assert.ok(error.message.length > 10);
      assert.equal(answer.headers["cache-control"], "no-store");
      assert.equal("www-authenticate" in answer.headers, status === 401);
      assert.ok(!error.message.includes("/"), "where a hypervisor is is nobody's business");
    }
  });

  test("a hundred who look at once cost the hypervisor no more than one", async () => {
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, n) => shoot("demo", `?width=${100 + (n % 5)}`)),
    );
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
    const taken = new Set(answers.map(({ headers }) => headers["last-modified"]));
    assert.equal(taken.size, 1, "one picture serves all of them");
  });
});

describe("screenshots that the operator does not want, or for few", () => {
  test("they are off by default", async () => {
    const oriel = await Oriel.start({ servers: { demo: "unix:/nonexistent/vnc.sock" } });
    try {
      const { headers } = await oriel.login();
      const path = `/oriel/v1/servers/${oriel.serverIds.demo}/screenshot`;
      const answer = await oriel.request("GET", path, undefined, {
        "X-Auth-Token": headers["x-subject-token"],
      });
      assert.deepEqual([answer.status, answer.body.error.code], [403, "screenshots-off"]);
      assert.equal((await oriel.request("GET", path)).status, 401);
    } finally {
      await oriel.stop();
    }
  });

  test("a rule of one's own decides who may, and a limit how often", async () => {
    const oriel = await Oriel.start({
      servers: { demo: "unix:/nonexistent/vnc.sock" },
      settings: { ...settings, ORIEL_SCREENSHOTS__MAX_PER_MINUTE: "2" },
      policy: '"oriel:servers:screenshot" = "!"\n',
    });
    try {
      const { headers } = await oriel.login();
      const path = `/oriel/v1/servers/${oriel.serverIds.demo}/screenshot`;
      const ask = () =>
        oriel.request("GET", path, undefined, { "X-Auth-Token": headers["x-subject-token"] });
      for (const expected of [
        [403, "forbidden"],
        [403, "forbidden"],
        [429, "too-many-screenshots"],
      ]) {
        const answer = await ask();
        assert.deepEqual([answer.status, answer.body.error.code], expected);
        assert.equal(Number(answer.headers["retry-after"] ?? 0) > 0, expected[0] === 429);
      }
    } finally {
      await oriel.stop();
    }
  });
});

/** How many pixels are like this. */
function countPixels({ pixels }, isLike) {
  let count = 0;
  for (let at = 0; at < pixels.length; at += 3) {
    count += isLike(pixels[at], pixels[at + 1], pixels[at + 2]) ? 1 : 0;
  }
  return count;
}
