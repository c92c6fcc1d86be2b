import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Oriel } from "../harness/oriel.js";

const nowhere = "tcp:127.0.0.1:9";
const bases = {
  novnc: "https://localhost",
  serial: "wss://serial.example/",
  "spice-html5": "https://spice.example/spice_auto.html",
};
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** Checks that a link of this kind carries a token. */
function assertLink(link, kind) {
  assert.ok(link.startsWith(bases[kind]), `${link} is no link of ${kind}`);
  assert.match(new URL(link).searchParams.get("token"), uuid);
}

describe("unmodified clients of OpenStack", { concurrency: 2 }, () => {
  let oriel;

  before(async () => {
    const consoles = { novnc: nowhere, serial: nowhere, "spice-html5": nowhere };
    oriel = await Oriel.start({
      servers: { vm1: { consoles, output: "booting\nlogin: " } },
      settings: {
        ORIEL_LOG__LEVEL: "info",
        ORIEL_CONSOLES__SERIAL__BASE_URL: bases.serial,
        ORIEL_CONSOLES__SPICE_HTML5__BASE_URL: bases["spice-html5"],
      },
    });
  });

  after(() => oriel?.kill());

  const openstackJson = async (...args) => JSON.parse(await oriel.openstack(...args, "-f", "json"));

  describe("openstack", () => {
    for (const [kind, option, ...versions] of [
      ["novnc", "--novnc", "2.1", "2.5", "2.79", undefined],
      ["serial", "--serial", "2.5", undefined],
      ["spice-html5", "--spice", "2.5", undefined],
    ]) {
      for (const version of versions) {
        test(`console url show ${option}, at ${version ?? "the version that it chooses"}`, async () => {
          const select = version ? ["--os-compute-api-version", version] : [];
          const link = await openstackJson(...select, "console", "url", "show", option, "vm1");
          assertLink(link.url, kind);
          assert.equal(link.type, kind);
        });
      }
    }

    for (const [option, version, told] of [
      ["--xvpvnc", undefined, /400: .*Invalid console type xvpvnc/],
      ["--xvpvnc", "2.5", /400: .*Invalid console type xvpvnc/],
      ["--rdp", undefined, /400: .*The server could not comply with the request/],
      ["--rdp", "2.5", /400: .*The server could not comply with the request/],
      ["--mks", undefined, /400: .*Unavailable console type webmks\./],
      ["--mks", "2.5", /Unsupported console type webmks/],
      ["--spice-direct", undefined, /400: .*Unavailable console type spice-direct\./],
    ]) {
      test(`console url show ${option} is refused, at ${version ?? "the version that it chooses"}`, async () => {
        const select = version ? ["--os-compute-api-version", version] : [];
        const args = [...select, "console", "url", "show", option, "vm1"];
        const { output } = await oriel.client("openstack", args, { fails: true });
        assert.match(output.replaceAll("\n", " "), told);
      });
    }

    test("console url show, by the server's id", async () => {
      const { vm1 } = oriel.serverIds;
      assertLink((await openstackJson("console", "url", "show", vm1)).url, "novnc");
    });

    test("console url show for a server that is not there", async () => {
      const args = ["console", "url", "show", "vm2"];
      const { output } = await oriel.client("openstack", args, { fails: true });
      assert.match(output, /No Server found for vm2/);
    });

    for (const [what, env] of [
      ["without domains", { OS_USER_DOMAIN_NAME: undefined, OS_PROJECT_DOMAIN_NAME: undefined }],
      [
        "without domains and without a version of the identity API",
        {
          OS_USER_DOMAIN_NAME: undefined,
          OS_PROJECT_DOMAIN_NAME: undefined,
          OS_IDENTITY_API_VERSION: undefined,
        },
      ],
      ["with the identity's address and no version", { OS_AUTH_URL: () => oriel.identityUrl }],
      ["with the address of v3 at the root", { OS_AUTH_URL: () => `${oriel.url}/v3` }],
      ["with v3password", { OS_AUTH_TYPE: "v3password" }],
    ]) {
      test(`console url show, ${what}`, async () => {
        const called = Object.fromEntries(
          Object.entries(env).map(([name, value]) => [
            name,
            typeof value === "function" ? value() : value,
          ]),
        );
        const args = ["console", "url", "show", "vm1", "-f", "value", "-c", "url"];
        const { stdout } = await oriel.client("openstack", args, { env: called });
        assertLink(stdout.trim(), "novnc");
      });
    }

    test("console url show with a token, until the token is revoked", async () => {
      const token = await oriel.openstack("token", "issue", "-f", "value", "-c", "id");
      const env = {
        OS_AUTH_TYPE: "token",
        OS_TOKEN: token,
        OS_USERNAME: undefined,
        OS_PASSWORD: undefined,
        OS_USER_DOMAIN_NAME: undefined,
      };
      const args = ["console", "url", "show", "vm1", "-f", "value", "-c", "url"];
      assertLink((await oriel.client("openstack", args, { env })).stdout.trim(), "novnc");
      await oriel.openstack("token", "revoke", token);
      const { output } = await oriel.client("openstack", args, { env, fails: true });
      assert.match(output, /requires authentication.*401/);
    });

    test("console log show", async () => {
      assert.equal(await oriel.openstack("console", "log", "show", "vm1"), "booting\nlogin:");
      const last = ["console", "log", "show", "--lines", "1", "vm1"];
      assert.equal(await oriel.openstack(...last), "login:");
    });

    test("server list and show", async () => {
      for (const select of [[], ["--os-compute-api-version", "2.1"]]) {
        const [listed, ...others] = await openstackJson(...select, "server", "list");
        assert.deepEqual([listed.ID, listed.Name, others], [oriel.serverIds.vm1, "vm1", []]);
        const shown = await openstackJson(...select, "server", "show", "vm1");
        assert.deepEqual([shown.id, shown.status], [oriel.serverIds.vm1, "ACTIVE"]);
      }
    });

    test("project list and show", async () => {
      const [project, ...others] = await openstackJson("project", "list");
      assert.deepEqual([project.Name, others], ["demo", []]);
      assert.deepEqual(await openstackJson("project", "list", "--my-projects"), [project]);
      for (const name of ["demo", project.ID]) {
        assert.equal((await openstackJson("project", "show", name)).id, project.ID);
      }
    });

    test("catalog list and versions show", async () => {
      const catalog = await openstackJson("catalog", "list");
      assert.deepEqual(catalog.map(({ Type }) => Type).sort(), ["compute", "identity"]);
      const versions = await openstackJson("versions", "show");
      const newest = versions.filter((version) => version["Service Type"] === "compute").at(-1);
      assert.deepEqual([newest.Version, newest["Max Microversion"]], ["2.1", "2.104"]);
    });
  });

  describe("nova", () => {
    for (const [kind, command, ...versions] of [
      ["novnc", ["get-vnc-console", "vm1", "novnc"], "2.1", "2.5", "2.6", undefined],
      ["serial", ["get-serial-console", "vm1"], undefined],
      ["spice-html5", ["get-spice-console", "vm1", "spice-html5"], undefined],
    ]) {
      for (const version of versions) {
        test(`${command[0]}, at ${version ?? "the version that it chooses"}`, async () => {
          const select = version ? ["--os-compute-api-version", version] : [];
          const { stdout } = await oriel.client("nova", [...select, ...command]);
          assertLink(stdout.match(/[a-z]+:\/\/\S+/)[0], kind);
        });
      }
    }

    test("list", async () => {
      const { stdout } = await oriel.client("nova", ["list"]);
      assert.match(stdout, new RegExp(`${oriel.serverIds.vm1}.* vm1 .* ACTIVE `));
    });

    test("its library", async () => {
      for (const [version, answers] of Object.entries(await oriel.script("nova.py", "vm1"))) {
        for (const kind of Object.keys(bases)) {
          const { console: old, remote_console: granted } = answers[kind];
          assertLink((granted ?? old).url, kind);
          assert.equal(granted !== undefined, Number(version.slice(2)) >= 6, version);
        }
        assert.equal(answers.output, "login: ");
      }
    });
  });

  test("openstacksdk", async () => {
    const { default: newest, 2.5: old } = await oriel.script("sdk.py", "vm1");
    for (const kind of Object.keys(bases)) {
      assertLink(newest[kind].url, kind);
      assertLink(old[kind].url, kind);
    }
    assertLink(old["by its old name"].url, "novnc");
    assertLink(newest.remote_console.url, "novnc");
    assert.equal(newest.token, oriel.serverIds.vm1);
    assert.deepEqual(newest.servers, ["vm1"]);
    assert.deepEqual([newest.output, newest["last line"]], ["booting\nlogin: ", "login: "]);
    assert.deepEqual(newest.webmks, { status: 400, message: "Unavailable console type webmks." });
    for (const answers of [newest, old]) {
      assert.deepEqual(answers.xvpvnc, { status: 400, message: "Invalid console type xvpvnc" });
      assert.equal(answers["rdp-html5"].status, 400);
    }
  });
});
