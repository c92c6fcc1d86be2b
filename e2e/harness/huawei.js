import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { makeFolder, removeFolder } from "./folder.js";
import { freePort } from "./port.js";
import { Process, plainEnvironment, run } from "./process.js";
import { until } from "./wait.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const program = resolve(root, process.env.ORIEL_BIN ?? "target/debug/oriel");
const python = join(root, ".venv-huawei/bin/python");
const client = fileURLToPath(new URL("../clients/huawei.py", import.meta.url));

/**
 * The real program as a region of Huawei's cloud, on plain HTTP at a free port, with a user `ann` who is a member
 * of the project `demo`, and Huawei's SDK to ask it. One failure locks a key, so that no test has to wait.
 */
export class HuaweiRegion {
  #folder;
  #process;
  #otherOutput = "";
  #keystone;
  #secrets = new Set();

  /** With `keystone`, users are its own; `ann` is its `member` then. `lines` go into the section `[identity.keystone]`. */
  static async start({ region, servers, keystone, lines = "" }) {
    const cloud = new HuaweiRegion();
    try {
      await cloud.#setUp(region, servers, keystone, lines);
    } catch (error) {
      await cloud.kill();
      throw error;
    }
    return cloud;
  }

  async #setUp(region, servers, keystone, lines) {
    this.#keystone = keystone;
    this.#folder = await makeFolder();
    const port = await freePort();
    this.url = `http://127.0.0.1:${port}`;
    await mkdir(join(this.#folder, "data"));
    await writeFile(join(this.#folder, "password"), "a password for ann\n");
    await writeFile(
      this.#config,
      `public_url = "${this.url}"
data_dir = "data"
[listen]
address = "127.0.0.1:${port}"
[tls]
mode = "off"
[consoles.serial]
base_url = "wss://serial.example/"
[identity]
region = "${region}"
lock_after = 1
${keystone ? (await keystone.configuration()).replace("[identity]\n", "") + lines : ""}`,
    );
    this.project = keystone ? keystone.projects.demo : await this.#makeUser();
    const inventory = servers(this.project, this.#folder);
    await writeFile(join(this.#folder, "servers.toml"), inventory);
    const env = plainEnvironment({ ORIEL_LOG__LEVEL: "trace" });
    this.#process = new Process("Oriel", program, ["serve", "--config", this.#config], { env });
    await until("Oriel to answer", async () => {
      this.#process.throwIfEnded();
      return (await fetch(`${this.url}/healthz`).catch(() => null))?.ok;
    });
  }

  async #makeUser() {
    await this.oriel("user", "create", "ann", "--password-file", join(this.#folder, "password"));
    const { id } = JSON.parse(await this.oriel("project", "create", "demo", "--json"));
    await this.oriel("role", "assign", "--user", "ann", "--project", "demo", "member");
    return id;
  }

  get #config() {
    return join(this.#folder, "oriel.toml");
  }

  /** Runs a command of the program and returns what it printed. */
  async oriel(...args) {
    const { stdout, output } = await run(`oriel ${args[0]}`, program, [
      ...args,
      "--config",
      this.#config,
    ]);
    // A new secret is printed once, to its owner; it is not in the log that way.
    this.#otherOutput += args[0] === "credential" ? "" : output;
    return stdout;
  }

  /** A new access key of `ann` in `demo`. */
  async credential() {
    return this.#credential("--user", "ann", "--project", "demo");
  }

  /** A new access key that stands for this application credential of a Keystone's. */
  async credentialFor({ id, secret }) {
    this.#secrets.add(secret);
    const file = join(this.#folder, "application-credential");
    await writeFile(file, `${secret}\n`, { mode: 0o600 });
    return this.#credential("--application-credential", id, "--secret-file", file);
  }

  async #credential(...whose) {
    const made = JSON.parse(await this.oriel("credential", "create", ...whose, "--json"));
    this.#secrets.add(made.secret);
    return { ak: made.access, sk: made.secret };
  }

  /** Makes calls with the SDK, one after the other, and returns what came of each. */
  async sdk(...calls) {
    const CALLS = JSON.stringify(calls.map((call) => ({ endpoint: this.url, ...call })));
    const env = plainEnvironment({ CALLS });
    const { stdout } = await run("Huawei's SDK", python, ["-W", "ignore", client], { env });
    return JSON.parse(stdout);
  }

  /** A token of `ann` in `demo`. */
  async token() {
    if (this.#keystone) {
      const token = await this.#keystone.token("member");
      this.#secrets.add(token);
      return token;
    }
    const domain = { name: "Default" };
    const user = { name: "ann", password: "a password for ann", domain };
    const response = await fetch(`${this.url}/v3/auth/tokens`, {
      method: "POST",
      body: JSON.stringify({
        auth: {
          identity: { methods: ["password"], password: { user } },
          scope: { project: { id: this.project } },
        },
      }),
    });
    const token = response.headers.get("x-subject-token");
    this.#secrets.add(token);
    return token;
  }

  get log() {
    return this.#otherOutput + this.#process.output;
  }

  /** Ends it, and fails if its log gives away a secret. */
  async stop() {
    try {
      const found = [...this.#secrets].filter((secret) => this.log.includes(secret));
      assert.equal(found.length, 0, "the log gives away secrets");
    } finally {
      await this.kill();
    }
  }

  async kill() {
    await this.#process?.stop();
    if (this.#folder) {
      await removeFolder(this.#folder);
    }
  }
}
