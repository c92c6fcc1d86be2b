import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { Oriel } from "../harness/oriel.js";
import { answers } from "../harness/schemathesis.js";
import { bytes, RawSocket, say } from "../harness/socket.js";
import { countRows } from "../harness/store.js";

// Whatever is sent: an answer below 500 or a closed connection, no panic, and nothing stored.
describe("bad input does no harm", () => {
  let oriel;
  let token;
  let rows;
  /** The calls that take a body: path, headers. */
  let calls;

  before(async () => {
    oriel = await Oriel.start({
      servers: { nowhere: "unix:/nonexistent/vnc.sock" },
      settings: { ORIEL_LISTEN__HEADER_TIMEOUT: "2s", ORIEL_GATEWAY__HANDSHAKE_TIMEOUT: "2s" },
    });
    const login = await oriel.login();
    token = login.headers["x-subject-token"];
    const server = oriel.serverIds.nowhere;
    const caller = `X-Auth-Token: ${token}`;
    calls = {
      login: ["/v3/auth/tokens", []],
      action: [`/v2.1/servers/${server}/action`, [caller]],
      "lenient action": [`/v2/servers/${server}/action`, [caller]],
      "remote console": [
        `/v2.1/servers/${server}/remote-consoles`,
        [caller, "OpenStack-API-Version: compute 2.96"],
      ],
      "ECS's remote console": [
        `/v1/${login.body.token.project.id}/cloudservers/${server}/remote_console`,
        [caller],
      ],
      "application credential": [
        `/v3/users/${login.body.token.user.id}/application_credentials`,
        [caller],
      ],
      "page's call": ["/oriel/v1/console", ["Content-Type: application/json"]],
    };
    rows = await countRows(oriel);
  });

  after(async () => {
    try {
      assert.equal((await oriel.request("GET", "/healthz")).status, 200, "it answers no more");
      assert.deepEqual(await countRows(oriel), rows, "bad input was stored");
    } finally {
      await oriel?.kill();
    }
    assert.doesNotMatch(oriel.log, /panicked/);
    const broken = answers(oriel.log).filter(({ status }) => status >= 500);
    assert.deepEqual(broken, []);
    assert.deepEqual(oriel.secretsInLog(), [], "the log gives away secrets");
  });

  /** Sends a body to each call that takes one, and expects one of these statuses. */
  async function sendToAll(body, expected, more = []) {
    for (const [name, [path, headers]] of Object.entries(calls)) {
      const status = await say(oriel, bytes("POST", path, [...headers, ...more], body));
      assert.ok(expected.includes(status), `${name} answered ${status}`);
    }
  }

  const action = '{"os-getVNCConsole": {"type": "novnc"}}';

  for (const [what, body] of [
    ["bytes that are no UTF-8", Buffer.from('{"auth": "\xff\xfe", "token": "\xc3"}', "latin1")],
    ["an overlong UTF-8 sequence", Buffer.from('{"a": "\xc0\xaf"}', "latin1")],
    ["half of a surrogate pair", '{"a": "\\ud800"}'],
    [
      "a key that comes twice",
      '{"os-getVNCConsole": {"type": "novnc", "type": 1}, "token": "", "token": ""}',
    ],
    ["lists 10,000 deep", "[".repeat(10_000) + "]".repeat(10_000)],
    ["objects 10,000 deep", `${'{"a":'.repeat(10_000)}1${"}".repeat(10_000)}`],
    ["lists that are never closed", "[".repeat(100_000)],
    ["a number beyond all bounds", `{"os-getVNCConsole": ${"9".repeat(50_000)}}`],
    ["a number with an endless exponent", '{"os-getVNCConsole": {"type": 1e999999999}}'],
    ["nothing but NULs", Buffer.alloc(10_000)],
    ["an empty body", ""],
    ["two documents", "{} {}"],
    ["a key of 100,000 characters", `{"${"k".repeat(100_000)}": {}}`],
    ["100,000 control characters", `{"${"\\u0000".repeat(15_000)}": {}}`],
  ]) {
    test(`a body of ${what}`, () => sendToAll(body, [400]));
  }

  test("a body that is too long", async () => {
    await sendToAll("x".repeat(200_000), [400, 413]);
    await sendToAll("x".repeat(200_000), [400, 413], ["Expect: 100-continue"]);
  });

  test("names and ids of 64 KB in a body", async () => {
    const long = "x".repeat(64 * 1024);
    const login = (user, scope) =>
      JSON.stringify({ auth: { identity: { methods: ["password"], password: { user } }, scope } });
    for (const user of [
      { name: long, password: "x" },
      { name: "admin", password: long },
      { id: long, password: "x" },
      { name: "admin", domain: { name: long }, password: "x" },
    ]) {
      assert.equal(await say(oriel, bytes("POST", "/v3/auth/tokens", [], login(user))), 401);
    }
    const [path, headers] = calls.action;
    const type = JSON.stringify({ "os-getVNCConsole": { type: long } });
    assert.equal(await say(oriel, bytes("POST", path, headers, type)), 400);
    const page = JSON.stringify({ token: long.slice(0, 4000) });
    assert.equal(await say(oriel, bytes("POST", ...calls["page's call"], page)), 401);
  });

  test("names and ids of 60 KB in a path, a query and a header", async () => {
    const long = "a".repeat(60_000);
    const caller = [`X-Auth-Token: ${token}`];
    for (const [path, status] of [
      [`/v2.1/servers/${long}`, 404],
      [`/v2.1/${long}/servers`, 400],
      [`/v2.1/servers?name=${long}`, 200],
      [`/v2.1/servers?marker=${long}`, 400],
      [`/v2.1/servers?limit=${"9".repeat(60_000)}`, 200],
      [`/v2.1/servers?name=${"(".repeat(60_000)}`, 400],
      [`/v2.1/servers?name=${"(a{1000}){1000}".repeat(100)}`, 200],
      [`/v2.1/servers?${"a&".repeat(30_000)}`, 200],
      [`/v3/projects/${long}`, 404],
      [`/v3/users/${long}/projects`, 404],
    ]) {
      const answered = await say(oriel, bytes("GET", path, caller));
      assert.equal(answered, status, path.slice(0, 40));
    }
    for (const header of ["X-Auth-Token", "X-Subject-Token"]) {
      const status = await say(oriel, bytes("GET", "/v3/auth/tokens", [`${header}: ${long}`]));
      assert.equal(status, 401);
    }
    const version = [...caller, `OpenStack-API-Version: compute ${"9".repeat(50_000)}.1`];
    assert.equal(await say(oriel, bytes("GET", "/v2.1/servers", version)), 406);
  });

  test("a head that is too large", async () => {
    for (const head of [
      bytes("GET", `/v2.1/servers/${"a".repeat(70_000)}`),
      bytes("GET", "/v2.1/servers", [`X-Flood: ${"a".repeat(70_000)}`]),
      bytes("GET", "/v2.1/servers", [`${"X".repeat(70_000)}: a`]),
      bytes("GET", "/v2.1/servers", Array(500).fill("X-Flood: a")),
      bytes("GET", "/v2.1/servers", Array(20_000).fill("X-Flood: a")),
    ]) {
      assert.ok([400, 414, 431].includes(await say(oriel, head)));
    }
    const some = Array(90).fill("X-Flood: a");
    assert.equal(await say(oriel, bytes("GET", "/v2.1/servers", some)), 401);
  });

  test("content types that are none", async () => {
    for (const type of [
      "application/xml",
      "application/x-www-form-urlencoded",
      "multipart/form-data",
      "/",
      ";;;",
      "application/json; charset=\xff",
      "application/json\tx",
      "a".repeat(10_000),
    ]) {
      for (const name of ["action", "remote console", "page's call", "login"]) {
        const [path, headers] = calls[name];
        const others = headers.filter((line) => !line.startsWith("Content-Type"));
        const status = await say(
          oriel,
          bytes("POST", path, [...others, `Content-Type: ${type}`], "{}"),
        );
        assert.ok(
          [400, 415].includes(status),
          `${name} answered ${status} to ${type.slice(0, 50)}`,
        );
      }
    }
  });

  test("headers whose values are no text", async () => {
    for (const value of ["\xff\xfe", "\x80", "compute \xff", '"', "compute 2.6\t\t", "\u00e9"]) {
      for (const name of [
        "X-Auth-Token",
        "OpenStack-API-Version",
        "Accept",
        "Cookie",
        "Origin",
        "Host",
      ]) {
        const headers = name === "X-Auth-Token" ? [] : [`X-Auth-Token: ${token}`];
        const status = await say(
          oriel,
          bytes("GET", "/v2.1/servers", [...headers, `${name}: ${value}`]),
        );
        assert.ok(status >= 200 && status < 500, `${name}: ${value} was answered with ${status}`);
      }
    }
  });

  test("signatures that are none", async () => {
    const signed = (access, headers, signature) =>
      `Authorization: SDK-HMAC-SHA256 Access=${access}, SignedHeaders=${headers}, Signature=${signature}`;
    const date = "X-Sdk-Date: 20260101T000000Z";
    for (const headers of [
      ["Authorization: SDK-HMAC-SHA256"],
      ["Authorization: V11-HMAC-SHA256 Credential=/////, SignedHeaders=;;;, Signature=="],
      ["Authorization: \xff"],
      [signed("a", "host;x-sdk-date", "0".repeat(64)), date],
      [signed("a", "host;x-sdk-date", "0".repeat(64)), "X-Sdk-Date: 99999999T999999Z"],
      [signed("a".repeat(50_000), "host", "x"), date],
      [signed("a", "host;".repeat(10_000), "x"), date],
      [signed("a", "host", "\xff".repeat(64)), date],
      [signed("a", "host", "0".repeat(64)), date, date, date],
    ]) {
      const [path] = calls["ECS's remote console"];
      for (const [method, target] of [
        ["POST", path],
        ["GET", "/v3/projects"],
      ]) {
        const status = await say(oriel, bytes(method, target, headers, "{}"));
        assert.ok([400, 401].includes(status), `${target}: ${headers[0].slice(0, 60)}: ${status}`);
      }
    }
  });

  test("paths that lead nowhere", async () => {
    for (const path of [
      "/v2.1/servers/%00",
      "/v2.1/servers/%ff%fe",
      "/v2.1/servers/%zz",
      "/v2.1/servers/%",
      "/v2.1/servers/..%2f..%2fetc%2fpasswd",
      "/v2.1/../../etc/passwd",
      "//v2.1//servers",
      "/assets/..%2f..%2fCargo.toml",
      "/assets/%00",
      "/vnc.auto.html?token=%00%ff",
      "/identity/v3/projects/%ff",
      "/identity/v3/users/%00/projects",
      "/v3/%2e%2e/%2e%2e",
      "/%F0%9F%98%80",
      "http://elsewhere.example/v2.1/servers",
      "*",
    ]) {
      const status = await say(oriel, bytes("GET", path, [`X-Auth-Token: ${token}`]));
      assert.ok(status >= 200 && status < 500, `${path} was answered with ${status}`);
    }
  });

  test("what is no HTTP", async () => {
    for (const noise of [
      Buffer.alloc(5000, 0xff),
      "\r\n\r\n\r\n",
      "GET\r\n\r\n",
      "GET / HTTP/9.9\r\n\r\n",
      "GET /healthz\r\n\r\n",
      `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${"\xff".repeat(1000)}`,
      "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
      bytes("GET", "/healthz", ["Content-Length: -1"]),
      bytes("GET", "/healthz", ["Content-Length: 99999999999999999999999"]),
      bytes("POST", "/v3/auth/tokens", ["Content-Length: 1", "Content-Length: 2"], "{}"),
      bytes("POST", "/v3/auth/tokens", ["Transfer-Encoding: nonsense"], "{}"),
      bytes("GET", "/healthz", ["X: a\0b"]),
      bytes("GET", "/healthz", ["no colon"]),
      bytes("GET", "/healthz", [": no name"]),
      bytes("GET", "/health\0z"),
      "FOO".repeat(20_000),
    ]) {
      const status = await say(oriel, noise, 4);
      const shown = JSON.stringify(noise.toString("latin1").slice(0, 60));
      assert.ok(status === undefined || status === 400 || status === 431, `${shown}: ${status}`);
    }
  });

  test("chunks that are none", async () => {
    for (const chunks of [
      "zz\r\n{}\r\n0\r\n\r\n",
      "-1\r\n{}",
      "ffffffffffffffffff\r\n{}",
      "2\r\n{}{}{}\r\n0\r\n\r\n",
    ]) {
      for (const [name, [path, headers]] of Object.entries(calls)) {
        const head = bytes("POST", path, [...headers, "Transfer-Encoding: chunked"]);
        const status = await say(oriel, Buffer.concat([head, Buffer.from(chunks)]));
        assert.equal(status, 400, `${name} answered ${status} to ${JSON.stringify(chunks)}`);
      }
    }
  });

  test("chunks without end", async () => {
    for (const [name, [path, headers]] of Object.entries(calls)) {
      const raw = await RawSocket.open(oriel);
      raw.write(bytes("POST", path, [...headers, "Transfer-Encoding: chunked"]));
      const chunk = `1000\r\n${" ".repeat(0x1000)}\r\n`;
      for (let sent = 0; sent < 1000 && !raw.statuses.length; sent++) {
        raw.write(chunk);
        await pause(1);
      }
      assert.ok([400, 413].includes(await raw.status()), `${name} reads on and on`);
      raw.close();
    }
  });

  test("a body that stops in the middle is not waited for without end", async () => {
    await Promise.all(
      Object.entries(calls).map(async ([name, [path, headers]]) => {
        const raw = await RawSocket.open(oriel);
        raw.write(bytes("POST", path, [...headers, "Transfer-Encoding: chunked"]));
        raw.write("1\r\n{\r\n");
        assert.equal(await raw.status(40), 408, name);
        assert.ok(await raw.closed(), `${name}: the connection is kept`);
      }),
    );
  });

  test("an answer reaches who sends the body late", async () => {
    const raw = await RawSocket.open(oriel);
    const request = bytes("POST", "/v2.1/servers/x/action", [], action);
    const head = request.subarray(0, request.length - action.length);
    for (let asked = 0; asked < 3; asked++) {
      raw.write(head);
      assert.equal(await raw.status(10, asked), 401);
      raw.write(action);
    }
    raw.close();
  });

  test("heads that come byte by byte hold nobody up", async () => {
    const slow = await Promise.all(Array.from({ length: 100 }, () => RawSocket.open(oriel)));
    let given = 0;
    for (const raw of slow) {
      raw.closed(60).then(() => {
        given += 1;
      });
    }
    const idle = Array.from({ length: 100 }, () =>
      connect(oriel.port, "127.0.0.1").on("error", () => {}),
    );
    for (const byte of "GET /") {
      slow.forEach((raw) => {
        raw.write(byte);
      });
      assert.equal((await oriel.request("GET", "/v3")).status, 200);
      assert.equal(given, 0, "others had to wait until heads were given up");
      await pause(300);
    }
    for (const raw of slow) {
      assert.ok(await raw.closed(10), "a head is waited for without end");
    }
    for (const socket of idle) {
      if (!socket.closed) {
        await new Promise((resolve) => socket.once("close", resolve).resume());
      }
    }
  });

  test("WebSockets that are none", async () => {
    const upgrade = ["Upgrade: websocket", "Connection: Upgrade"];
    const good = [
      ...upgrade,
      "Sec-WebSocket-Version: 13",
      "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
    ];
    for (const [path, headers] of [
      ["/websockify", upgrade],
      ["/websockify", [...upgrade, "Sec-WebSocket-Version: 99", "Sec-WebSocket-Key: x"]],
      ["/websockify", [...good, "Sec-WebSocket-Key: \xff"]],
      ["/websockify", good],
      [`/websockify?token=${"a".repeat(50_000)}`, good],
      ["/websockify?token=%00%ff", good],
      ["/websockify", [...good, `Cookie: ${"token=;".repeat(5000)}`]],
      ["/websockify", [...good, "Origin: \xff"]],
      ["/websockify", [...good, "Sec-WebSocket-Protocol: \xff"]],
    ]) {
      const status = await say(oriel, bytes("GET", path, headers));
      assert.ok(status >= 400 && status < 500, `${path.slice(0, 40)} was answered with ${status}`);
    }
    assert.ok((await say(oriel, bytes("POST", "/websockify", good, "{}"))) < 500);
  });
});
