import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { HuaweiRegion } from "../harness/huawei.js";

const REGION = "cn-north-4";
const WEB = randomUUID();
const STOPPED = randomUUID();
const UNKNOWN = randomUUID();

const inventory = (project, folder) => {
  const log = join(folder, "web.log");
  writeFileSync(log, "booting\nready\n");
  return `
[[server]]
id = "${WEB}"
name = "web-1"
project = "${project}"
console_log = "${log}"
[server.console.novnc]
back_end = "unix:/nonexistent/vnc.sock"
[server.console.serial]
back_end = "unix:/nonexistent/serial.sock"

[[server]]
id = "${STOPPED}"
name = "stopped"
project = "${project}"
status = "SHUTOFF"
[server.console.novnc]
back_end = "unix:/nonexistent/vnc.sock"
`;
};

describe("Huawei's SDK, unmodified", () => {
  let cloud;
  let key;

  before(async () => {
    cloud = await HuaweiRegion.start({ region: REGION, servers: inventory });
    key = { ...(await cloud.credential()), project: cloud.project };
  });

  after(() => cloud?.stop());

  const console = { call: "remote_console", server: WEB };

  const linkOf = ({ answer, error }) => {
    assert.equal(error, undefined);
    const { type, protocol, url } = answer.remote_console;
    assert.deepEqual({ type, protocol }, { type: "novnc", protocol: "vnc" });
    return new URL(url);
  };

  test("gets a console's link, with and without a project, by every way to sign", async () => {
    const { project, ...withoutProject } = key;
    const outcomes = await cloud.sdk(
      { ...key, ...console },
      { ...withoutProject, ...console, region: REGION },
      { ...key, ...console, region: REGION, derived: true },
      { ...withoutProject, ...console, region: REGION, derived: true },
    );
    const tokens = outcomes.map((outcome) => {
      const link = linkOf(outcome);
      assert.equal(`${link.origin}${link.pathname}`, `${cloud.url}/vnc.auto.html`);
      assert.equal(link.searchParams.get("lang"), "EN");
      return link.searchParams.get("token");
    });
    assert.equal(new Set(tokens).size, 4);
    assert.ok(tokens.every((token) => /^[0-9a-f-]{36}$/.test(token)));
  });

  test("the link opens the page", async () => {
    const [outcome] = await cloud.sdk({ ...key, ...console, headers: { "X-Language": "zh-cn" } });
    const link = linkOf(outcome);
    assert.equal(link.searchParams.get("lang"), "CN");
    const page = await fetch(link);
    assert.equal(page.status, 200);
    assert.match(page.headers.get("content-type"), /^text\/html/);
  });

  test("many calls within one second are all answered", async () => {
    const outcomes = await cloud.sdk(...Array(10).fill({ ...key, ...console }));
    assert.equal(new Set(outcomes.map((outcome) => linkOf(outcome).href)).size, 10);
  });

  test("serial console and console output", async () => {
    const [serial, all, last] = await cloud.sdk(
      { ...key, call: "serial_console", server: WEB },
      { ...key, call: "console_output", server: WEB },
      { ...key, call: "console_output", server: WEB, length: "1" },
    );
    assert.match(serial.answer.serial_console.url, /^wss:\/\/serial\.example\/\?token=/);
    assert.deepEqual([all.answer.output, last.answer.output], ["booting\nready", "ready"]);
  });

  test("a token that is added wins over the signature", async () => {
    const { project } = cloud;
    const headers = { "X-Auth-Token": await cloud.token() };
    const nobody = { ak: "NOBODY", sk: "nothing", project };
    const [outcome] = await cloud.sdk({ ...nobody, ...console, headers });
    linkOf(outcome);
  });

  test("errors are exceptions with code, message and request id", async () => {
    const other = await cloud.credential();
    const calls = [
      [{ ...key, ...console, server: UNKNOWN }, 404, "Ecs.0114", /does not exist/],
      [{ ...key, ...console, server: STOPPED }, 400, "Ecs.0100", /status does not meet/],
      [{ ...key, ...console, type: "xvpvnc" }, 400, "Ecs.0005", /type must be "novnc"/],
      [{ ...key, ...console, project: "0".repeat(32) }, 400, "Ecs.0023", /mismatches/],
      [{ ...key, call: "serial_console", server: STOPPED }, 400, "Ecs.0100", /status does not/],
      [{ ...key, call: "console_output", server: STOPPED }, 400, "Ecs.0321", /console logs/],
      [{ ...other, ...console, project: cloud.project, sk: "wrong" }, 401, "APIGW.0301", /aksk/],
      [{ ...key, ...console, ak: "UNKNOWN" }, 401, "APIGW.0301", /canonicalRequest:POST\|/],
    ];
    const outcomes = await cloud.sdk(...calls.map(([call]) => call));
    for (const [index, [, status, code, message]] of calls.entries()) {
      const { error } = outcomes[index];
      assert.deepEqual(
        { kind: error.kind, status: error.status, code: error.code },
        { kind: "ClientRequestException", status, code },
      );
      assert.match(error.message, message);
      assert.match(error.request_id, /^req-[0-9a-f-]{36}$/);
      assert.ok(cloud.log.includes(error.request_id), "the log has the request by its id");
    }
  });

  test("a region that is not ours has no project", async () => {
    const { project, ...withoutProject } = key;
    const wrongSecret = { ...withoutProject, ak: "NOBODY", sk: "nothing" };
    const [elsewhere, refused] = await cloud.sdk(
      { ...withoutProject, ...console, region: "eu-west-0" },
      { ...wrongSecret, ...console, region: REGION },
    );
    assert.match(elsewhere.error.message, /Failed to get project id of region 'eu-west-0'/);
    assert.match(refused.error.message, /verify aksk signature fail/);
  });

  test("a key that keeps failing is locked, and another is not", async () => {
    const victim = { ...(await cloud.credential()), project: cloud.project };
    const [refused, locked, good] = await cloud.sdk(
      { ...victim, ...console, sk: "guess" },
      { ...victim, ...console },
      { ...key, ...console },
    );
    assert.match(refused.error.message, /verify aksk signature fail/);
    assert.deepEqual([locked.error.status, locked.error.code], [401, "APIGW.0301"]);
    assert.match(locked.error.message, /AK access failed to reach the limit/);
    linkOf(good);
  });

  test("a key that is disabled is refused until it is enabled", async () => {
    await cloud.oriel("credential", "disable", key.ak);
    const [disabled] = await cloud.sdk({ ...key, ...console });
    assert.equal(disabled.error.status, 401);
    await cloud.oriel("credential", "enable", key.ak);
    const [enabled] = await cloud.sdk({ ...key, ...console });
    linkOf(enabled);
  });
});
