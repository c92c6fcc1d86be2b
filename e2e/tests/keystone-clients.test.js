import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { HuaweiRegion } from "../harness/huawei.js";
import { Keystone } from "../harness/keystone.js";
import { Oriel } from "../harness/oriel.js";
import { until } from "../harness/wait.js";

const nowhere = "unix:/nonexistent/console.sock";
const REGION = "cn-north-4";
const WEB = randomUUID();

let keystone;

before(async () => {
  keystone = await Keystone.start();
});

after(() => keystone?.remove());

describe("libraries of OpenStack, unmodified, with a real Keystone's users", () => {
  const bases = {
    novnc: "https://localhost",
    serial: "wss://serial.example/",
    "spice-html5": "https://spice.example/spice_auto.html",
  };
  let oriel;

  before(async () => {
    const consoles = { novnc: nowhere, serial: nowhere, "spice-html5": nowhere };
    oriel = await Oriel.start({
      servers: { web: { consoles, output: "booting\nlogin: " } },
      settings: {
        ORIEL_CONSOLES__SERIAL__BASE_URL: bases.serial,
        ORIEL_CONSOLES__SPICE_HTML5__BASE_URL: bases["spice-html5"],
      },
      identity: {
        lines: await keystone.configuration(),
        projects: { web: keystone.projects.demo },
      },
    });
    await keystone.listCompute(`${oriel.url}/v2.1`);
  });

  after(() => oriel?.stop());

  const assertLink = (link, kind) => {
    assert.ok(link.startsWith(bases[kind]), `${link} is no link of ${kind}`);
    assert.match(new URL(link).searchParams.get("token"), /^[0-9a-f-]{36}$/);
  };

  test("openstacksdk", async () => {
    // Whoever looks up what a token stands for is an admin.
    const answers = await keystone.script("sdk.py", "admin", oriel.caFile, "web");
    const { default: newest, 2.5: old } = answers;
    for (const kind of Object.keys(bases)) {
      assertLink(newest[kind].url, kind);
      assertLink(old[kind].url, kind);
    }
    assert.equal(newest.token, oriel.serverIds.web);
    assert.deepEqual(newest.servers, ["web"]);
    assert.deepEqual([newest.output, newest["last line"]], ["booting\nlogin: ", "login: "]);
    assert.deepEqual(newest.xvpvnc, { status: 400, message: "Invalid console type xvpvnc" });
  });

  test("python-novaclient", async () => {
    const answers = await keystone.script("nova.py", "member", oriel.caFile, "web");
    assert.deepEqual(Object.keys(answers), ["2.1", "2.5", "2.6", "2.79", "2.96"]);
    for (const answer of Object.values(answers)) {
      for (const kind of Object.keys(bases)) {
        assertLink((answer[kind].remote_console ?? answer[kind].console).url, kind);
      }
      assert.equal(answer.output, "login: ");
    }
  });
});

describe("Huawei's SDK, unmodified, with a real Keystone's users", () => {
  const console = { call: "remote_console", server: WEB };
  let cloud;

  before(async () => {
    const servers = (project) => `
[[server]]
id = "${WEB}"
name = "web-1"
project = "${project}"
[server.console.novnc]
back_end = "${nowhere}"
`;
    cloud = await HuaweiRegion.start({
      region: REGION,
      servers,
      keystone,
      lines: 'cache_ttl = "1s"\nnegative_ttl = "1s"\n',
    });
  });

  after(() => cloud?.stop());

  /** An access key, and the application credential of this user that it stands for. */
  async function keyOf(name, fields = {}) {
    const credential = await keystone.applicationCredential(name, {
      name: randomUUID(),
      ...fields,
    });
    return { credential, key: await cloud.credentialFor(credential) };
  }

  const linkOf = ({ answer, error }) => {
    assert.equal(error, undefined);
    return new URL(answer.remote_console.url);
  };

  const call = async (key) => (await cloud.sdk({ ...key, project: cloud.project, ...console }))[0];

  const opens = async (key) => {
    const { error } = await call(key);
    if (error) {
      assert.deepEqual([error.status, error.code], [401, "APIGW.0301"]);
    }
    return !error;
  };

  test("gets a console's link, with and without a project, by every way to sign", async () => {
    const { key } = await keyOf("member");
    const withProject = { ...key, project: cloud.project };
    const outcomes = await cloud.sdk(
      { ...withProject, ...console },
      { ...key, ...console, region: REGION },
      { ...withProject, ...console, region: REGION, derived: true },
      { ...key, ...console, region: REGION, derived: true },
    );
    assert.equal(new Set(outcomes.map((outcome) => linkOf(outcome).href)).size, 4);
  });

  test("a token that is added wins over the signature", async () => {
    const headers = { "X-Auth-Token": await cloud.token() };
    const nobody = { ak: "NOBODY", sk: "nothing", project: cloud.project };
    linkOf((await cloud.sdk({ ...nobody, ...console, headers }))[0]);
  });

  test("a wrong secret is refused, and Keystone is not asked", async () => {
    const { key } = await keyOf("member");
    const before = keystone.log.length;
    const { error } = await call({ ...key, sk: "guess" });
    assert.deepEqual([error.status, error.code], [401, "APIGW.0301"]);
    assert.equal(keystone.log.length, before);
  });

  test("what a user may do is what Keystone says", async () => {
    const { key } = await keyOf("reader");
    const { error } = await call(key);
    assert.deepEqual([error.status, error.code], [403, "Pdp.0001"]);
  });

  test("a key is disabled, enabled, listed and deleted", async () => {
    const { credential, key } = await keyOf("member");
    await cloud.oriel("credential", "disable", key.ak);
    assert.equal(await opens(key), false);
    await cloud.oriel("credential", "enable", key.ak);
    assert.equal(await opens(key), true);
    const listed = JSON.parse(
      await cloud.oriel("credential", "list", "--user", "member", "--json"),
    );
    const own = listed.find(({ access }) => access === key.ak);
    assert.deepEqual(
      [own.project_id, own.application_credential, own.secret],
      [cloud.project, credential.id, undefined],
    );
    await cloud.oriel("credential", "delete", key.ak);
    assert.equal(await opens(key), false);
  });

  for (const [what, name, take, giveBack] of [
    [
      "application credential is deleted",
      "member",
      (id) => keystone.deleteApplicationCredential("member", id),
    ],
    [
      "user is disabled",
      "manager",
      () => keystone.setEnabled("manager", false),
      () => keystone.setEnabled("manager", true),
    ],
    [
      "user loses the role",
      "admin",
      () => keystone.setRole("admin", false),
      () => keystone.setRole("admin", true),
    ],
  ]) {
    test(`a key stops working within the cache's life when its ${what}`, async () => {
      const { credential, key } = await keyOf(name);
      assert.equal(await opens(key), true);
      try {
        await take(credential.id);
        await until("the key to be refused", async () => !(await opens(key)), 10);
      } finally {
        await giveBack?.();
      }
    });
  }

  test("no key is made that would never work", async () => {
    const good = await keystone.applicationCredential("member", { name: randomUUID() });
    const access_rules = [{ path: "/v2.1/servers", method: "GET", service: "compute" }];
    const ruled = await keystone.applicationCredential("member", {
      name: randomUUID(),
      access_rules,
    });
    const refused = /Keystone does not take this application credential/;
    await assert.rejects(cloud.credentialFor({ ...good, secret: "wrong" }), refused);
    await assert.rejects(cloud.credentialFor(ruled), refused);
    await assert.rejects(cloud.credential(), /make an application credential there/);
  });

  test("no other call of the identity API is answered", async () => {
    for (const path of ["/v3/projects", "/v3/projects?name=demo", "/v3"]) {
      const answer = await fetch(cloud.url + path);
      assert.equal(answer.status, 404);
      assert.match((await answer.json()).error.message, /Ask for a token at http/);
    }
  });
});
