import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Oriel } from "../harness/oriel.js";
import { Schemathesis } from "../harness/schemathesis.js";
import { countRows } from "../harness/store.js";

// The document is generated from the annotations beside the calls; here it is held to what the program answers.
describe("what the OpenAPI document tells is so", () => {
  let oriel;

  before(async () => {
    oriel = await Oriel.start({ servers: { nowhere: "unix:/nonexistent/vnc.sock" } });
  });

  after(async () => {
    await oriel?.kill();
    assert.deepEqual(oriel?.secretsInLog(), [], "the log gives away secrets");
  });

  test("it is served to everyone", async () => {
    const { status, headers, body } = await oriel.request("GET", "/openapi.json");
    assert.equal(status, 200);
    assert.equal(headers["content-type"], "application/json");
    assert.match(body.openapi, /^3\.1\./);
    assert.match(body.info.version, /^\d+\.\d+\.\d+$/);
    for (const path of [
      "/v2.1/servers/{server_id}/action",
      "/v2/{project_id}/servers/{server_id}/action",
      "/v1/{project_id}/cloudservers/{server_id}/remote_console",
      "/v3/auth/tokens",
      "/oriel/v1/console",
      "/oriel/v1/login",
      "/oriel/v1/servers/{server_id}/console",
      "/healthz",
    ]) {
      assert.ok(body.paths[path], `${path} is not in the document`);
    }
  });

  test("a token in a path is not logged", async () => {
    const token = (await login()).token;
    const link = await oriel.link("nowhere");
    const answer = await oriel.request(
      "GET",
      `/v2.1/os-console-auth-tokens/${link.searchParams.get("token")}`,
      undefined,
      { "X-Auth-Token": token, "OpenStack-API-Version": "compute 2.31" },
    );
    assert.equal(answer.status, 200);
    assert.deepEqual(oriel.secretsInLog(), []);
  });

  test("to who has a token", async (t) => {
    const before = await countRows(oriel);
    const caller = await login();
    const shown = await login();
    const revoked = [await login(), await login()];
    const schemathesis = await Schemathesis.run(oriel, {
      token: caller.token,
      examples: 12,
      dictionaries: {
        servers: Object.values(oriel.serverIds),
        projects: [caller.project],
        users: [caller.user],
        actionVersions: ["compute 2.1", "compute 2.5"],
        versions: ["compute 2.6", "compute 2.31", "compute 2.96", "compute latest"],
        shown: [shown.token],
        revoked: revoked.map(({ token }) => token),
      },
    });
    // Or else it would be held to refusals alone.
    for (const [method, path, status] of [
      ["POST", /^\/v2\/.*\/action$/, 200],
      ["POST", /^\/v2\.1\/.*\/action$/, 200],
      ["POST", /\/remote-consoles$/, 200],
      ["POST", /\/remote_console$/, 200],
      ["GET", /\/servers$/, 200],
      ["GET", /\/servers\/detail$/, 200],
      ["GET", /\/servers\/[0-9a-f-]{36}$/, 200],
      ["DELETE", /\/servers\/[0-9a-f-]{36}$/, 501],
      ["GET", /\/consoles\/.*$/, 410],
      ["GET", /\/oriel\/v1\/servers$/, 200],
      ["POST", /\/oriel\/v1\/servers\/.*\/console$/, 200],
      ["POST", /\/oriel\/v1\/login$/, 401],
      ["GET", /\/v3\/auth\/tokens$/, 200],
      ["DELETE", /\/v3\/auth\/tokens$/, 204],
      ["GET", /\/v3\/auth\/catalog$/, 200],
      ["GET", /\/v3\/projects\/.*$/, 200],
      ["GET", /\/v3\/users\/.*\/projects$/, 200],
    ]) {
      assert.ok(
        schemathesis.count(method, path, status),
        `no ${method} ${path} was answered with ${status}`,
      );
    }
    t.diagnostic(`${schemathesis.cases} requests`);
    assert.ok(schemathesis.cases > 2000, `only ${schemathesis.cases} cases were made`);
    const granted = schemathesis.count(
      "POST",
      /\/(action|remote-consoles|remote_console|serial-console|console)$/,
      200,
    );
    const credentials =
      schemathesis.count("POST", /\/application_credentials$/, 201) -
      schemathesis.count("DELETE", /\/application_credentials\/.*$/, 204);
    assert.ok(credentials > 0, "no application credential was made");
    assert.deepEqual(await countRows(oriel), {
      ...before,
      grants: before.grants + granted,
      application_credentials: before.application_credentials + credentials,
    });
  });

  test("to who has none", async (t) => {
    const before = await countRows(oriel);
    const schemathesis = await Schemathesis.run(oriel, { examples: 1, dictionaries: {} });
    t.diagnostic(`${schemathesis.cases} requests`);
    assert.ok(schemathesis.cases > 1000, `only ${schemathesis.cases} cases were made`);
    assert.equal(schemathesis.count("POST", /\/servers\//, 200), 0);
    assert.deepEqual(await countRows(oriel), before);
  });

  async function login() {
    const { headers, body } = await oriel.login();
    return {
      token: headers["x-subject-token"],
      project: body.token.project.id,
      user: body.token.user.id,
    };
  }
});
