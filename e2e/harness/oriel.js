import assert from "node:assert/strict";
import { randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { join, resolve } from "node:path";
import { buffer, text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { makeFolder, removeFolder } from "./folder.js";
import { freePort } from "./port.js";
import { Process, plainEnvironment, run, runToFailure } from "./process.js";
import { until } from "./wait.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const program = resolve(root, process.env.ORIEL_BIN ?? "target/debug/oriel");
const clients = join(root, ".venv/bin");

/** The real program with a store of its own, at a free port. */
export class Oriel {
  #folder;
  #process;
  #ca;
  #caFile;
  #password = randomBytes(18).toString("base64url");
  #otherOutput = "";
  #projectOf;
  #settings;
  /** By name: the ids of the servers in the inventory. */
  serverIds = {};
  secrets = new Map();

  /**
   * `servers` says by name where each server's screen is to be had, or what consoles it has, what it wrote on its serial
   * line and what else there is to tell of it (`{ consoles: { novnc: ADDRESS, ... }, output: TEXT, status: STATUS,
   * facts: LINES }`); `settings` are variables of the environment, or
   * a function that makes them of the program's URL.
   * `listen` are further lines of the section `[listen]`, `lines` whole sections, `policy` the rules of a policy file.
   * Where the certificate is not its own, `caFile` is what clients trust.
   * With `identity`, users are not its own: `lines` go into its configuration, `projects` says by name in which
   * project each server is. Returns once it answers.
   */
  static async start({
    servers,
    settings = {},
    identity,
    listen = "",
    lines = "",
    policy,
    caFile,
  }) {
    const oriel = new Oriel();
    try {
      oriel.#caFile = caFile;
      await oriel.#setUp(servers, identity, { listen, lines, policy });
      await oriel.#serve(settings);
    } catch (error) {
      await oriel.kill();
      throw error;
    }
    return oriel;
  }

  async #setUp(servers, identity, { listen, lines, policy }) {
    this.#folder = await makeFolder();
    this.#caFile ??= join(this.#folder, "data/tls/ca.pem");
    this.port = await freePort();
    this.url = `https://localhost:${this.port}`;
    this.remember("the password", this.#password);
    await mkdir(join(this.#folder, "data"));
    if (policy !== undefined) {
      await writeFile(join(this.#folder, "policy.toml"), policy);
    }
    await writeFile(join(this.#folder, "password"), `${this.#password}\n`);
    await writeFile(
      this.#config,
      `public_url = "${this.url}"
data_dir = "data"
[listen]
address = "127.0.0.1:${this.port}"
${listen}
[inventory]
file = "servers.toml"
[log]
format = "json"
${policy === undefined ? "" : '[policy]\nfile = "policy.toml"'}
${identity?.lines ?? ""}
${lines}`,
    );
    if (identity) {
      await this.#writeInventory(servers, (name) => identity.projects[name]);
      return;
    }
    const user = ["--user", "admin", "--project", "demo"];
    const files = ["--password-file", join(this.#folder, "password"), "--openrc", this.#openrc];
    await this.command("bootstrap", ...user, ...files);
    const project = JSON.parse(await this.command("project", "show", "demo", "--json")).id;
    await this.#writeInventory(servers, () => project);
  }

  async #writeInventory(servers, projectOf) {
    this.#projectOf = projectOf;
    const entries = Object.entries(servers).map(([name, what]) =>
      this.#entry(
        projectOf(name),
        name,
        typeof what === "string" ? { consoles: { novnc: what } } : what,
      ),
    );
    await writeFile(join(this.#folder, "servers.toml"), (await Promise.all(entries)).join("\n"));
  }

  async #entry(project, name, { consoles, output, status = "ACTIVE", facts = "" }) {
    this.serverIds[name] ??= randomUUID();
    let entry = `[[server]]
id = "${this.serverIds[name]}"
name = "${name}"
project = "${project}"
status = "${status}"
host = "localhost"
${facts}
`;
    if (output !== undefined) {
      await writeFile(join(this.#folder, `${name}.log`), output);
      entry += `console_log = "${name}.log"\n`;
    }
    for (const [kind, backEnd] of Object.entries(consoles)) {
      const facts = typeof backEnd === "string" ? { back_end: backEnd } : backEnd;
      const lines = Object.entries(facts).map(([key, value]) => `${key} = "${value}"\n`);
      entry += `[server.console.${kind}]\n${lines.join("")}`;
    }
    return entry;
  }

  async #serve(settings) {
    this.#settings = settings;
    const more = typeof settings === "function" ? settings(this.url) : settings;
    const env = plainEnvironment({ ORIEL_LOG__LEVEL: "trace", ...more });
    this.#process = new Process("Oriel", program, ["serve", "--config", this.#config], { env });
    await until("Oriel to answer", async () => {
      this.#process.throwIfEnded();
      this.#ca ??= await readFile(this.#caFile).catch(() => undefined);
      return this.#ca && (await this.request("GET", "/healthz").catch(() => null))?.status === 200;
    });
  }

  /** Changes where servers' screens are to be had, as an operator does it: in the inventory's file, while it runs. */
  async move(servers) {
    await this.#writeInventory(servers, this.#projectOf);
  }

  /** Stops it as systemd does, and starts it again. */
  async restart() {
    const stopped = await this.#process.stop();
    this.#otherOutput += this.#process.output;
    await this.#serve(this.#settings);
    return stopped;
  }

  /** Where its store and its authority's certificate lie: `data/oriel.db` and `data/tls/ca.pem`. */
  get folder() {
    return this.#folder;
  }

  get #config() {
    return join(this.#folder, "oriel.toml");
  }

  /** The certificate that clients must trust. */
  get caFile() {
    return this.#caFile;
  }

  get #openrc() {
    return join(this.#folder, "openrc");
  }

  /** All that it has written, in every one of its processes. */
  get log() {
    return this.#otherOutput + this.#process.output;
  }

  /** What it has logged: one object a line. */
  get events() {
    return this.#process.output
      .split("\n")
      .filter((line) => line.startsWith("{") && line.endsWith("}"))
      .map((line) => JSON.parse(line));
  }

  /** Waits for a line of the log that is like this. */
  logs(what, isLike) {
    return until(`${what} in the log`, () => this.events.find(isLike));
  }

  /** The process, as the system numbers it. */
  get pid() {
    return this.#process.pid;
  }

  /** That of the user `admin`. */
  get password() {
    return this.#password;
  }

  /** Makes a user with a password, and gives them a role in the project `demo`. */
  async addUser(name, role = "member") {
    const file = join(this.#folder, `${name}-password`);
    const password = randomBytes(18).toString("base64url");
    await writeFile(file, `${password}\n`);
    this.remember(`the password of ${name}`, password);
    await this.command("user", "create", name, "--password-file", file);
    await this.command("role", "assign", "--user", name, "--project", "demo", role);
    return password;
  }

  /** Notes what must not turn up in the log. */
  remember(what, secret) {
    if (!this.secrets.has(secret)) {
      this.secrets.set(secret, what);
    }
  }

  /** The secrets that the log gives away, by what they are. */
  secretsInLog() {
    const { log } = this;
    return [...this.secrets].filter(([secret]) => log.includes(secret)).map(([, what]) => what);
  }

  /** Runs an unmodified `openstack` with a login of another kind than the openrc's. */
  async openstackWith(login, ...args) {
    const env = plainEnvironment({
      OS_AUTH_URL: `${this.url}/identity/v3`,
      OS_CACERT: this.caFile,
      ...login,
    });
    return (await run("openstack", join(clients, "openstack"), args, { env })).stdout.trim();
  }

  /** Runs an unmodified `openstack` that knows nothing but the openrc. */
  async openstack(...args) {
    return (await this.client("openstack", args)).stdout.trim();
  }

  /**
   * Runs a client out of the virtual environment, with the openrc and then `env`, where `undefined` unsets. Fails if it
   * does, unless `fails` says that it is to.
   */
  client(name, args, { env = {}, fails = false } = {}) {
    const changes = Object.entries(env).flatMap(([variable, value]) =>
      value === undefined ? ["-u", variable] : [],
    );
    const settings = Object.entries(env).flatMap(([variable, value]) =>
      value === undefined ? [] : [`${variable}=${value}`],
    );
    const command = ["env", ...changes, ...settings, join(clients, name), ...args];
    const start = fails ? runToFailure : run;
    return start(name, "bash", ["-c", '. "$0" && exec "$@"', this.#openrc, ...command]);
  }

  /** Runs a script of ours that uses a client's library, and returns the JSON that it prints. */
  async script(name, ...args) {
    const file = fileURLToPath(new URL(`../clients/${name}`, import.meta.url));
    return JSON.parse((await this.client("python", [file, ...args])).stdout);
  }

  /** Where users log in. */
  get identityUrl() {
    return `${this.url}/identity`;
  }

  /** A console link, by the command of the OpenStack client. */
  async linkByClient(name, version, kind = "novnc") {
    const select = version ? ["--os-compute-api-version", version] : [];
    const show = ["console", "url", "show", `--${kind}`, name, "-f", "value", "-c", "url"];
    return this.#noteLink(await this.openstack(...select, ...show));
  }

  /** A console link, by the API. */
  async link(name) {
    const { headers, body } = await this.login();
    const compute = body.token.catalog.find(({ type }) => type === "compute").endpoints[0].url;
    const answer = await this.request(
      "POST",
      `${compute}/servers/${this.serverIds[name]}/action`,
      { "os-getVNCConsole": { type: "novnc" } },
      { "X-Auth-Token": headers["x-subject-token"] },
    );
    return this.#noteLink(answer.body.console.url);
  }

  #noteLink(link) {
    const url = new URL(link);
    const token = url.searchParams.get("token");
    this.remember("the token of a link", token);
    return url;
  }

  async login(password = this.#password) {
    const domain = { name: "Default" };
    const answer = await this.request("POST", "/identity/v3/auth/tokens", {
      auth: {
        identity: {
          methods: ["password"],
          password: { user: { name: "admin", password, domain } },
        },
        scope: { project: { name: "demo", domain } },
      },
    });
    this.remember("a password that was tried", password);
    if (answer.headers["x-subject-token"]) {
      this.remember("a login's token", answer.headers["x-subject-token"]);
    }
    return answer;
  }

  /** One HTTPS request; the body is JSON either way. */
  async request(method, path, body, headers = {}) {
    const options = { method, ca: this.#ca, agent: false, headers: { ...headers } };
    if (body) {
      options.headers["Content-Type"] = "application/json";
    }
    const call = request(new URL(path, this.url), options).end(body && JSON.stringify(body));
    const [response] = await once(call, "response");
    const answer = await text(response);
    const isJson = response.headers["content-type"]?.includes("json");
    return {
      status: response.statusCode,
      headers: response.headers,
      body: isJson && answer ? JSON.parse(answer) : answer,
    };
  }

  /** The same without a body, and what is answered as it is. */
  async download(method, path, headers = {}) {
    const options = { method, ca: this.#ca, agent: false, headers };
    const [response] = await once(request(new URL(path, this.url), options).end(), "response");
    const body = await buffer(response);
    return { status: response.statusCode, headers: response.headers, body };
  }

  /** Tells it to stop, and does not wait. */
  terminate() {
    this.#process.terminate();
  }

  ended(seconds) {
    return this.#process.ended(seconds);
  }

  /** Ends it in whatever state it is. */
  /** Ends it, and makes sure that its log gives away no secret. */
  async stop() {
    try {
      assert.deepEqual(this.secretsInLog(), [], "the log gives away secrets");
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

  /** Runs one of its commands with the same configuration. */
  async command(...args) {
    const { stdout, output } = await run(`oriel ${args[0]}`, program, [
      ...args,
      "--config",
      this.#config,
    ]);
    this.#otherOutput += output;
    return stdout;
  }
}
