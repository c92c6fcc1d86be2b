import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before, describe, test } from "node:test";
import { Keystone } from "../harness/keystone.js";
import { Oriel } from "../harness/oriel.js";
import { Schemathesis } from "../harness/schemathesis.js";
import { TlsFront } from "../harness/tls-front.js";
import { until } from "../harness/wait.js";

const servers = { web: "unix:/nonexistent/web.sock", theirs: "unix:/nonexistent/theirs.sock" };
const unavailable =
  "503 Service Unavailable\n\nThe server is currently unavailable. Please try again at a later time.\n\n" +
  " The Keystone service is temporarily unavailable.  ";

let keystone;

before(async () => {
  keystone = await Keystone.start();
});

after(() => keystone?.remove());

const startOriel = async (settings) =>
  Oriel.start({
    servers,
    settings,
    identity: {
      lines: await keystone.configuration(),
      projects: { web: keystone.projects.demo, theirs: keystone.projects.other },
    },
  });

describe("identity from a real Keystone", () => {
  let oriel;

  before(async () => {
    oriel = await startOriel({
      ORIEL_IDENTITY__KEYSTONE__CACHE_TTL: "1s",
      ORIEL_IDENTITY__KEYSTONE__NEGATIVE_TTL: "1s",
    });
    oriel.remember("the service user's password", keystone.password);
    await keystone.listCompute(`${oriel.url}/v2.1`);
  });

  after(async () => {
    try {
      assert.deepEqual(oriel?.secretsInLog() ?? [], [], "the log gives away secrets");
    } finally {
      await oriel?.kill();
    }
  });

  async function token(name) {
    const fresh = await keystone.token(name);
    oriel.remember(`a token of ${name}`, fresh);
    return fresh;
  }

  const list = (theToken) =>
    oriel.request("GET", "/v2.1/servers", undefined, { "X-Auth-Token": theToken });

  const openConsole = (theToken, server = "web", api = "/v2.1") =>
    oriel.request(
      "POST",
      `${api}/servers/${oriel.serverIds[server]}/action`,
      { "os-getVNCConsole": { type: "novnc" } },
      { "X-Auth-Token": theToken },
    );

  const remoteConsole = (theToken, server = "web") =>
    oriel.request(
      "POST",
      `/v2.1/servers/${oriel.serverIds[server]}/remote-consoles`,
      { remote_console: { protocol: "vnc", type: "novnc" } },
      { "X-Auth-Token": theToken, "OpenStack-API-Version": "compute 2.6" },
    );

  async function clientWorks(name, login) {
    const openstack = (...args) => keystone.openstack(name, oriel.caFile, args, login);
    const listed = JSON.parse(await openstack("server", "list", "-f", "json"));
    assert.deepEqual(
      listed.map(({ ID, Name }) => ({ ID, Name })),
      [{ ID: oriel.serverIds.web, Name: "web" }],
    );
    const show = ["console", "url", "show", "--novnc", "web", "-f", "value", "-c", "url"];
    const link = new URL(await openstack(...show));
    assert.equal(link.origin, oriel.url);
    const secret = link.searchParams.get("token");
    assert.match(secret, /^[0-9a-f-]{36}$/);
    oriel.remember("the token of a link", secret);
  }

  test("the unmodified client, with a password", () => clientWorks("member"));

  test("the unmodified client, with a token", async () =>
    clientWorks(undefined, {
      OS_AUTH_TYPE: "token",
      OS_TOKEN: await token("member"),
      OS_PROJECT_ID: keystone.projects.demo,
    }));

  test("the unmodified client, with an application credential", async () => {
    const create = ["application", "credential", "create", "ci", "-f", "json"];
    const made = JSON.parse(await keystone.openstack("member", oriel.caFile, create));
    oriel.remember("an application credential's secret", made.Secret ?? made.secret);
    await clientWorks(undefined, {
      OS_AUTH_TYPE: "v3applicationcredential",
      OS_APPLICATION_CREDENTIAL_ID: made.ID ?? made.id,
      OS_APPLICATION_CREDENTIAL_SECRET: made.Secret ?? made.secret,
    });
  });

  test("an application credential with access rules, which Oriel does not apply, opens nothing", async () => {
    const rules = [{ path: "/v2.1/servers", method: "GET", service: "compute" }];
    for (const [name, access_rules, expected] of [
      ["plain", [], 200],
      ["ruled", rules, 401],
    ]) {
      const { body } = await keystone.request(
        "POST",
        `/users/${keystone.users.member}/application_credentials`,
        { application_credential: { name, access_rules } },
        { "X-Auth-Token": await token("member") },
      );
      const { id, secret } = body.application_credential;
      const credential = { id, secret };
      const logged = await keystone.logIn({
        methods: ["application_credential"],
        application_credential: credential,
      });
      assert.equal((await list(logged.token)).status, expected, name);
    }
  });

  test("who may open a console, and who may know of a server", async () => {
    for (const [name, server, action, remote] of [
      ["member", "web", 200, 200],
      ["manager", "web", 200, 200],
      ["admin", "web", 200, 200],
      ["other_admin", "web", 200, 200],
      ["reader", "web", 403, 403],
      ["norole", "web", 403, 403],
      ["service", "web", 403, 404],
      ["other_member", "web", 404, 404],
      ["member", "theirs", 404, 404],
      ["system_admin", "web", 403, 403],
      ["system_reader", "web", 403, 404],
      ["domain_admin", "web", 403, 403],
      ["unscoped", "web", 403, 404],
    ]) {
      const theToken = await token(name);
      const statuses = [
        (await openConsole(theToken, server)).status,
        (await openConsole(theToken, server, "/v2")).status,
        (await remoteConsole(theToken, server)).status,
      ];
      assert.deepEqual(statuses, [action, action, remote], `${name} at ${server}`);
    }
    const { body } = await openConsole(await token("system_admin"));
    assert.equal(
      body.forbidden.message,
      "Policy doesn't allow os_compute_api:os-remote-consoles to be performed.",
    );
  });

  test("nobody is sent to Oriel for a token", async () => {
    for (const refused of ["not-a-real-token", "a/b", "gAAAAA", `${await token("member")}x`]) {
      const answer = await list(refused);
      assert.equal(answer.status, 401);
      const uri = keystone.url.replace("/v3", "");
      assert.equal(answer.headers["www-authenticate"], `Keystone uri="${uri}"`);
      assert.equal(answer.body.error.code, 401);
    }
    for (const path of ["/identity", "/identity/v3/auth/tokens", "/v3", "/v3/auth/tokens"]) {
      const { status, body } = await oriel.request("GET", path);
      assert.equal(status, 404);
      assert.ok(body.error.message.includes(keystone.url.replace("/v3", "")), body.error.message);
    }
    await assert.rejects(oriel.command("user", "list"), /users, projects and roles are Keystone's/);
  });

  test("check-config asks whether all is set up", async () => {
    const online = await oriel.command("check-config", "--online");
    assert.match(online, /lets user oriel of project service validate tokens/);
  });

  test("a revoked token stops working within the cache's life", async () => {
    const theToken = await token("member");
    assert.equal((await list(theToken)).status, 200);
    await keystone.revoke(theToken);
    // The cache is set to a second here, where a minute is usual.
    await until("the token to be refused", async () => (await list(theToken)).status === 401);
  });

  test("many calls with one token are one question", async () => {
    const theToken = await token("member");
    const before = questions();
    const began = Date.now();
    const answers = await Promise.all(Array.from({ length: 100 }, () => list(theToken)));
    assert.ok(answers.every(({ status }) => status === 200));
    // The cache remembers for a second, which 100 TLS handshakes may outlast.
    const most = 1 + Math.floor((Date.now() - began) / 1000);
    const asked = questions() - before;
    assert.ok(asked >= 1 && asked <= most, `${asked} questions, ${most} at most`);
  });

  const questions = () => keystone.log.split("GET /v3/auth/tokens\n").length - 1;
});

describe("a Keystone behind TLS", () => {
  let front;

  before(async () => {
    front = await TlsFront.start(new URL(keystone.url).origin);
  });

  after(() => front?.stop());

  /** What a caller with a good token is told, and the log. */
  async function ask(host, authority) {
    const oriel = await startOriel({
      ORIEL_IDENTITY__KEYSTONE__URL: `https://${host}:${front.port}`,
      ORIEL_IDENTITY__KEYSTONE__CA_FILE: front.file(authority),
    });
    try {
      const headers = { "X-Auth-Token": await keystone.token("member") };
      const answer = await oriel.request("GET", "/v2.1/servers", undefined, headers);
      return { ...answer, log: oriel.log };
    } finally {
      await oriel.kill();
    }
  }

  test("is asked where its authority is the one in ca_file", async () => {
    const { status, body } = await ask("localhost", "ca");
    assert.equal(status, 200);
    assert.equal(body.servers.length, 1);
  });

  for (const [what, host, authority, why] of [
    [
      "another authority signed its certificate",
      "localhost",
      "other-ca",
      /invalid peer certificate: (UnknownIssuer|BadSignature)/,
    ],
    ["its certificate is for another name", "127.0.0.1", "ca", /not valid for name/],
  ]) {
    test(`is not asked where ${what}: 503, and the log says why`, async () => {
      const before = keystone.log.split("/v3/auth/tokens").length;
      const { status, body, log } = await ask(host, authority);
      assert.equal(status, 503);
      assert.equal(body, unavailable);
      assert.match(log, /Keystone cannot be used yet/);
      assert.match(log, why);
      // The one that the test itself asked for.
      assert.equal(keystone.log.split("/v3/auth/tokens").length, before + 1);
    });
  }
});

describe("a service that acts for a user", () => {
  let oriel;

  before(async () => {
    oriel = await startOriel({
      ORIEL_IDENTITY__KEYSTONE__CACHE_TTL: "1s",
      ORIEL_IDENTITY__KEYSTONE__NEGATIVE_TTL: "1s",
    });
  });

  after(() => oriel?.kill());

  const list = async (user, service) => {
    const { status } = await oriel.request("GET", "/v2.1/servers", undefined, {
      ...(user && { "X-Auth-Token": user }),
      ...(service && { "X-Service-Token": service }),
    });
    return status;
  };

  test("sends a token of its own, which must be a service's", async () => {
    const [user, service] = [await keystone.token("member"), await keystone.token("service")];
    assert.equal(await list(user, service), 200);
    assert.equal(await list(user, await keystone.token("admin")), 401);
    assert.equal(await list(user, "not-a-real-token"), 401);
    assert.equal(await list(undefined, service), 401);
    assert.equal(await list("not-a-real-token", service), 401);
    assert.equal(await list(user), 200);
  });

  test("may send a user's token that has ended, and nobody else may", async () => {
    await keystone.setTokenLife(2);
    const user = await keystone.token("member");
    await keystone.setTokenLife(3600);
    await until("the token to end", async () => (await list(user)) === 401, 10);
    assert.equal(await list(user, await keystone.token("service")), 200);
    assert.equal(await list(user, await keystone.token("member")), 401);
    assert.equal(await list(user), 401);
  });
});

describe("the OpenAPI document with a Keystone's users", () => {
  let oriel;

  before(async () => {
    oriel = await startOriel();
  });

  after(() => oriel?.kill());

  test("tells of no identity API, and what it tells of is so", async (t) => {
    const { body } = await oriel.request("GET", "/openapi.json");
    const paths = Object.keys(body.paths);
    assert.ok(paths.includes("/v2.1/servers/{server_id}/action"));
    assert.deepEqual(
      paths.filter((path) => /^\/(identity|v3)/.test(path)),
      [],
    );
    const token = await keystone.token("member");
    oriel.remember("a token", token);
    const schemathesis = await Schemathesis.run(oriel, {
      token,
      examples: 3,
      dictionaries: {
        servers: [oriel.serverIds.web],
        projects: [keystone.projects.demo],
        actionVersions: ["compute 2.1", "compute 2.5"],
        versions: ["compute 2.6", "compute 2.96"],
      },
    });
    t.diagnostic(`${schemathesis.cases} requests`);
    for (const path of [/\/action$/, /\/remote-consoles$/, /\/remote_console$/]) {
      assert.ok(schemathesis.count("POST", path, 200), `no ${path} was granted`);
    }
    assert.deepEqual(oriel.secretsInLog(), [], "the log gives away secrets");
  });
});

describe("a Keystone that goes away and comes back", () => {
  let oriel;

  before(async () => {
    oriel = await startOriel();
  });

  after(() => oriel?.kill());

  const list = (theToken, headers = {}) =>
    oriel.request("GET", "/v2.1/servers", undefined, { "X-Auth-Token": theToken, ...headers });

  test("known tokens go on, others are told to come back, and all is well again", async () => {
    const known = await keystone.token("member");
    const others = [];
    for (let n = 0; n < 6; n += 1) {
      others.push(await keystone.token("member"));
    }
    assert.equal((await list(known)).status, 200);

    await keystone.stop();
    assert.equal((await list(known)).status, 200);
    const first = await list(others[0]);
    assert.equal(first.status, 503);
    assert.match(first.headers["content-type"], /^text\/plain/);
    assert.equal(first.body, unavailable);
    assert.match(first.headers["retry-after"], /^[1-9]$/);
    assert.match(first.headers["x-openstack-request-id"], /^req-/);

    // After three failures the breaker answers, and nobody waits.
    await Promise.all([list(others[1]), list(others[2])]);
    assert.equal((await list(others[3])).status, 503);
    await until("the breaker to be named", () =>
      oriel.log.includes("Keystone failed a moment ago and is asked again in"),
    );
    assert.equal((await list(known)).status, 200);

    await keystone.serve();
    await until("a token to be known again", async () => (await list(others[4])).status === 200);
    assert.equal((await list(others[0])).status, 200);
    assert.equal((await list("not-a-real-token")).status, 401);
  });

  test("Oriel starts while Keystone is down", async () => {
    const theToken = await keystone.token("member");
    await keystone.stop();
    const early = await startOriel();
    try {
      const ask = async () =>
        (await early.request("GET", "/v2.1/servers", undefined, { "X-Auth-Token": theToken }))
          .status;
      assert.equal(await ask(), 503);
      await keystone.serve();
      await until("Oriel to find Keystone", async () => (await ask()) === 200);
    } finally {
      await early.kill();
    }
  });
});

describe("a Keystone that sends Oriel elsewhere", () => {
  const seen = [];
  let elsewhere;
  let redirects;
  let oriel;

  before(async () => {
    elsewhere = await serve((request, response) => {
      seen.push(`${request.method} ${request.url} ${JSON.stringify(request.headers)}`);
      response.writeHead(200).end("{}");
    });
    redirects = await serve((request, response) => {
      const { port } = elsewhere.address();
      response.writeHead(302, { Location: `http://localhost:${port}${request.url}` }).end();
    });
    // Nothing in the environment leads a token away either.
    const proxy = `http://127.0.0.1:${elsewhere.address().port}`;
    oriel = await startOriel({
      ORIEL_IDENTITY__KEYSTONE__URL: `http://127.0.0.1:${redirects.address().port}/v3`,
      http_proxy: proxy,
      HTTP_PROXY: proxy,
      ALL_PROXY: proxy,
    });
  });

  after(async () => {
    await oriel?.kill();
    redirects?.close();
    elsewhere?.close();
  });

  async function serve(answer) {
    const server = createServer(answer).listen(0, "127.0.0.1");
    await once(server, "listening");
    return server;
  }

  test("is not followed, and no token gets there", async () => {
    const headers = { "X-Auth-Token": await keystone.token("member") };
    const answer = await oriel.request("GET", "/v2.1/servers", undefined, headers);
    assert.equal(answer.status, 503);
    assert.match(oriel.log, /redirect/);
    assert.deepEqual(seen, []);
  });
});
