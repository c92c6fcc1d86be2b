import { randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { makeFolder, removeFolder } from "./folder.js";
import { freePort } from "./port.js";
import { Process, plainEnvironment, run } from "./process.js";
import { until } from "./wait.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const bin = join(root, ".venv-keystone/bin");
const openstack = join(root, ".venv/bin/openstack");
const python = join(root, ".venv/bin/python");
const server = fileURLToPath(new URL("keystone-server.py", import.meta.url));

const inDefault = { domain: { id: "default" } };

/**
 * Who there is, by the name of their token: the role that they are given, and where. A role in a project implies
 * the lesser ones, as Keystone's own bootstrap sets it up.
 */
const people = {
  member: { role: "member", project: "demo" },
  manager: { role: "manager", project: "demo" },
  admin: { role: "admin", project: "demo" },
  reader: { role: "reader", project: "demo" },
  norole: { role: "other", project: "demo" },
  other_member: { role: "member", project: "other" },
  other_reader: { role: "reader", project: "other" },
  other_admin: { role: "admin", project: "other" },
  service: { role: "service", project: "service" },
  system_admin: { role: "admin", system: true },
  system_reader: { role: "reader", system: true },
  domain_admin: { role: "admin", domain: "default" },
  unscoped: { role: "member", project: "demo", unscoped: true },
};

/** A real Keystone on SQLite, at a port of its own on this machine. Everybody has the same password. */
export class Keystone {
  #folder;
  #process;
  #oldOutput = "";
  #adminToken;
  password = randomBytes(18).toString("base64url");
  /** By name: the ids of projects, users and roles. */
  projects = {};
  users = {};
  roles = {};

  /** Makes one and fills it. Returns once it answers. */
  static async start() {
    const keystone = new Keystone();
    try {
      await keystone.#setUp();
      await keystone.serve();
      await keystone.#fill();
    } catch (error) {
      await keystone.remove();
      throw error;
    }
    return keystone;
  }

  async #setUp() {
    this.#folder = await makeFolder();
    this.port = await freePort();
    this.url = `http://127.0.0.1:${this.port}/v3`;
    for (const keys of ["fernet-keys", "credential-keys"]) {
      await mkdir(join(this.#folder, keys), { mode: 0o700 });
    }
    await writeFile(
      this.#config,
      `[database]
connection = sqlite:///${join(this.#folder, "keystone.db")}
[fernet_tokens]
key_repository = ${join(this.#folder, "fernet-keys")}
[credential]
key_repository = ${join(this.#folder, "credential-keys")}
[identity]
# Quick to check, since nothing here is secret.
password_hash_rounds = 4
[cache]
enabled = false
`,
    );
    const [user, group] = [process.getuid(), process.getgid()].map(String);
    await this.#manage("db_sync");
    await this.#manage("fernet_setup", "--keystone-user", user, "--keystone-group", group);
    const bootstrap = ["bootstrap", "--bootstrap-region-id", "RegionOne"];
    await this.#manage(...bootstrap, "--bootstrap-public-url", this.url);
  }

  #manage(...args) {
    const program = join(bin, "keystone-manage");
    const all = ["--config-file", this.#config, ...args];
    return run(`keystone-manage ${args[0]}`, program, all, { env: this.#environment });
  }

  get #config() {
    return join(this.#folder, "keystone.conf");
  }

  get #environment() {
    return plainEnvironment({
      OS_KEYSTONE_CONFIG_FILES: this.#config,
      OS_BOOTSTRAP_USERNAME: "root",
      OS_BOOTSTRAP_PASSWORD: this.password,
      KEYSTONE_PORT: String(this.port),
      PYTHONWARNINGS: "ignore",
    });
  }

  /** Starts it, again perhaps, at the port that it has. Returns once it answers. */
  async serve() {
    this.#process = new Process("Keystone", join(bin, "python"), [server], {
      env: this.#environment,
    });
    await until(
      "Keystone to answer",
      async () => {
        this.#process.throwIfEnded();
        return (await fetch(this.url).catch(() => null))?.status === 200;
      },
      60,
    );
  }

  /** Restarts it, so that tokens live as many seconds from now on. Those that there are keep their end. */
  async setTokenLife(seconds) {
    await this.stop();
    const lines = (await readFile(this.#config, "utf8")).split("\n");
    const others = lines.filter((line) => !/^(\[token\]|expiration = .*)$/.test(line));
    await writeFile(this.#config, [...others, "[token]", `expiration = ${seconds}`].join("\n"));
    await this.serve();
  }

  /** Stops it. What it knows stays. */
  async stop() {
    await this.#process?.stop();
    this.#oldOutput += this.#process?.stdout ?? "";
    this.#process = undefined;
  }

  async remove() {
    await this.stop();
    if (this.#folder) {
      await removeFolder(this.#folder);
    }
  }

  async #fill() {
    const root = { name: "root", ...inDefault };
    const scope = { project: { name: "admin", ...inDefault } };
    this.#adminToken = (await this.logIn(this.#byPassword(root), scope)).token;
    for (const name of ["demo", "other", "service"]) {
      this.projects[name] = (await this.#make("project", { name, domain_id: "default" })).id;
    }
    await this.#make("role", { name: "other" });
    for (const { name, id } of (await this.#call("GET", "/roles")).roles) {
      this.roles[name] = id;
    }
    const everybody = { oriel: { role: "service", project: "service" }, ...people };
    for (const [name, { role, project, domain, system }] of Object.entries(everybody)) {
      const user = { name, domain_id: "default", password: this.password };
      this.users[name] = (await this.#make("user", user)).id;
      const place = system
        ? "system"
        : domain
          ? `domains/${domain}`
          : `projects/${this.projects[project]}`;
      await this.#call("PUT", `/${place}/users/${this.users[name]}/roles/${this.roles[role]}`);
    }
  }

  async #make(kind, fields) {
    return (await this.#call("POST", `/${kind}s`, { [kind]: fields }))[kind];
  }

  async #call(method, path, body, token = this.#adminToken) {
    const { status, body: answer } = await this.request(method, path, body, {
      "X-Auth-Token": token,
    });
    if (status >= 300) {
      throw new Error(`${method} ${path}: ${status} ${JSON.stringify(answer)}`);
    }
    return answer;
  }

  async request(method, path, body, headers = {}) {
    const response = await fetch(this.url + path, {
      method,
      headers: { "Content-Type": "application/json", ...headers },
      body: body && JSON.stringify(body),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text && JSON.parse(text) };
  }

  #byPassword(user) {
    return { methods: ["password"], password: { user: { ...user, password: this.password } } };
  }

  async logIn(identity, scope) {
    const answer = await this.request("POST", "/auth/tokens?nocatalog", {
      auth: { identity, scope },
    });
    if (answer.status !== 201) {
      throw new Error(`a login: ${answer.status} ${JSON.stringify(answer.body)}`);
    }
    return { token: answer.headers.get("x-subject-token"), says: answer.body.token };
  }

  /** A new token of one of the people above. */
  async token(name) {
    const { project, domain, system, unscoped } = people[name];
    const scope = system
      ? { system: { all: true } }
      : domain
        ? { domain: { id: domain } }
        : { project: { id: this.projects[project] } };
    const identity = this.#byPassword({ id: this.users[name] });
    return (await this.logIn(identity, unscoped ? "unscoped" : scope)).token;
  }

  /** A token for each name of the conformance corpus. */
  async tokens() {
    const tokens = { expired: await this.token("member"), invalid: "not-a-real-token" };
    await this.revoke(tokens.expired);
    for (const name of Object.keys(people)) {
      tokens[name] = await this.token(name);
    }
    return tokens;
  }

  revoke(token) {
    return this.request("DELETE", "/auth/tokens", undefined, {
      "X-Auth-Token": this.#adminToken,
      "X-Subject-Token": token,
    });
  }

  /** Lists a compute service in the catalog. */
  async listCompute(url) {
    const { id } = await this.#make("service", { name: "nova", type: "compute" });
    const endpoint = { service_id: id, interface: "public", region_id: "RegionOne", url };
    await this.#make("endpoint", endpoint);
  }

  /** The lines of Oriel's configuration that make it ask this Keystone, which may take its time beside other tests. */
  async configuration(url = this.url) {
    const file = join(this.#folder, "service-password");
    await writeFile(file, `${this.password}\n`, { mode: 0o600 });
    return `[identity]
mode = "keystone"
[identity.keystone]
url = "${url}"
password_file = "${file}"
timeout = "30s"
`;
  }

  /** The same for the conformance runs, with the projects and tokens that their cases need. */
  async forConformance() {
    return {
      settings: await this.configuration(),
      prepare: async () => ({ main: this.projects.demo, other: this.projects.other }),
      tokens: () => this.tokens(),
    };
  }

  /** Runs an unmodified `openstack` as one of the people above, or with other ways to log in. */
  async openstack(name, ca, args, login = {}) {
    const env = { ...this.#clientEnvironment(name, ca), ...login };
    return (await run("openstack", openstack, args, { env })).stdout.trim();
  }

  /** Runs a script of ours that uses a client's library, as one of the people above, and returns the JSON that it prints. */
  async script(script, name, ca, ...args) {
    const file = fileURLToPath(new URL(`../clients/${script}`, import.meta.url));
    const env = this.#clientEnvironment(name, ca);
    return JSON.parse((await run(script, python, [file, ...args], { env })).stdout);
  }

  #clientEnvironment(name, ca) {
    const { project } = people[name] ?? {};
    const byPassword = {
      OS_USERNAME: name,
      OS_PASSWORD: this.password,
      OS_USER_DOMAIN_ID: "default",
      OS_PROJECT_NAME: project,
      OS_PROJECT_DOMAIN_ID: "default",
    };
    return plainEnvironment({
      OS_AUTH_URL: this.url,
      OS_IDENTITY_API_VERSION: "3",
      OS_CACERT: ca,
      ...(name ? byPassword : {}),
    });
  }

  /** A new application credential of one of the people above, in their project. */
  async applicationCredential(name, fields) {
    const path = `/users/${this.users[name]}/application_credentials`;
    const token = await this.token(name);
    const made = await this.#call("POST", path, { application_credential: fields }, token);
    return made.application_credential;
  }

  async deleteApplicationCredential(name, id) {
    const path = `/users/${this.users[name]}/application_credentials/${id}`;
    await this.#call("DELETE", path, undefined, await this.token(name));
  }

  /** Lets one of the people above log in or not. */
  async setEnabled(name, enabled) {
    await this.#call("PATCH", `/users/${this.users[name]}`, { user: { enabled } });
  }

  /** Gives one of the people above the role that they have from the start, or takes it. */
  async setRole(name, given) {
    const { role, project } = people[name];
    const path = `/projects/${this.projects[project]}/users/${this.users[name]}/roles/${this.roles[role]}`;
    await this.#call(given ? "PUT" : "DELETE", path);
  }

  /** Gives one of the people above a role in a further project. */
  async addRole(name, role, project) {
    const path = `/projects/${this.projects[project]}/users/${this.users[name]}/roles/${this.roles[role]}`;
    await this.#call("PUT", path);
  }

  /** What it was asked, a line each. */
  get log() {
    return this.#oldOutput + (this.#process?.stdout ?? "");
  }
}
