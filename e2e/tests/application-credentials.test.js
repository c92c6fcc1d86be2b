import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Oriel } from "../harness/oriel.js";

describe("application credentials of Oriel's own users, by the OpenStack client", () => {
  let oriel;

  before(async () => {
    oriel = await Oriel.start({ servers: { web: "unix:/nonexistent/web.sock" } });
  });

  after(async () => {
    try {
      assert.deepEqual(oriel?.secretsInLog() ?? [], [], "the log gives away secrets");
    } finally {
      await oriel?.kill();
    }
  });

  const command = (...args) => oriel.openstack("application", "credential", ...args);

  async function create(...args) {
    const made = lowerCaseKeys(JSON.parse(await command("create", ...args, "-f", "json")));
    oriel.remember("an application credential's secret", made.secret);
    return made;
  }

  const asApplication = (id, secret, ...args) =>
    oriel.openstackWith(
      {
        OS_AUTH_TYPE: "v3applicationcredential",
        OS_APPLICATION_CREDENTIAL_ID: id,
        OS_APPLICATION_CREDENTIAL_SECRET: secret,
      },
      ...args,
    );

  test("one is made, listed, shown, used and deleted", async () => {
    const made = await create("ci", "--description", "for the tests", "--role", "member");
    assert.equal(made.name, "ci");
    const listed = JSON.parse(await command("list", "-f", "json"));
    assert.deepEqual(
      listed.map((one) => lowerCaseKeys(one).name),
      ["ci"],
    );
    const shown = lowerCaseKeys(JSON.parse(await command("show", "ci", "-f", "json")));
    assert.equal(shown.id, made.id);
    assert.equal(shown.description, "for the tests");
    assert.ok(!shown.secret, "the secret is shown once");

    const servers = JSON.parse(
      await asApplication(made.id, made.secret, "server", "list", "-f", "json"),
    );
    assert.deepEqual(
      servers.map(({ Name }) => Name),
      ["web"],
    );
    const url = ["console", "url", "show", "--novnc", "web", "-f", "value", "-c", "url"];
    const link = new URL(await asApplication(made.id, made.secret, ...url));
    oriel.remember("the token of a link", link.searchParams.get("token"));

    await command("delete", "ci");
    await assert.rejects(asApplication(made.id, made.secret, "server", "list"), /HTTP 401/);
  });

  test("it gives no more than its role, and makes no others", async () => {
    const made = await create("reads", "--role", "reader", "--secret", "a secret of one's own");
    const names = await asApplication(made.id, made.secret, "server", "list", "-f", "value");
    assert.match(names, /web/);
    const refused = asApplication(made.id, made.secret, "console", "url", "show", "web");
    await assert.rejects(refused, /403/);
    const another = ["application", "credential", "create", "another"];
    await assert.rejects(asApplication(made.id, made.secret, ...another), /403/);
  });
});

/** The client's columns are written `Name` in one version and `name` in the next. */
const lowerCaseKeys = (object) =>
  Object.fromEntries(Object.entries(object).map(([key, value]) => [key.toLowerCase(), value]));
