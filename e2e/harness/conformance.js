import { readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { makeFolder, removeFolder } from "./folder.js";
import { freePort } from "./port.js";
import { Process, plainEnvironment, run } from "./process.js";
import { until } from "./wait.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const program = resolve(root, process.env.ORIEL_BIN ?? "target/debug/oriel");
const cases = join(root, "conformance");

const novnc = (url) => `[consoles.novnc]\nbase_url = "${url}"\nlink = "path"\n`;
// Nova serves no serial line unless it is told to.
const noSerial = "[consoles.serial]\nenabled = false\n";
const bases = {
  novnc: "http://127.0.0.1:6080/vnc_auto.html",
  serial: "ws://127.0.0.1:6083/",
  "spice-html5": "http://127.0.0.1:6082/spice_auto.html",
  "spice-direct": "http://127.0.0.1:13002/nova",
  webmks: "http://127.0.0.1:6090/",
};
const everyKind = `${novnc(bases.novnc)}
[consoles.serial]
base_url = "${bases.serial}"
[consoles.spice_html5]
base_url = "${bases["spice-html5"]}"
[consoles.spice_direct]
base_url = "${bases["spice-direct"]}"
[consoles.webmks]
base_url = "${bases.webmks}"
`;

/** The configurations under which the cases were recorded: consoles that are served, and those that servers have. */
export const profiles = {
  all: { consoles: everyKind, kinds: Object.keys(bases) },
  default: { consoles: novnc(bases.novnc) + noSerial, kinds: Object.keys(bases) },
  none: { consoles: `[consoles.novnc]\nenabled = false\n${noSerial}`, kinds: Object.keys(bases) },
  "vnc-query": {
    consoles:
      novnc("http://127.0.0.1:6080/vnc_lite.html?autoconnect=true&path=websockify") + noSerial,
    kinds: ["novnc"],
  },
  "vnc-https": {
    consoles: novnc("https://console.example.test/novnc/vnc.html") + noSerial,
    kinds: ["novnc"],
  },
  "no-driver": { consoles: everyKind, kinds: [] },
};

/** A server for each placeholder, the newest first: what its entry in the inventory says beside id, name and project. */
const servers = {
  building: { status: "BUILD", host: "", task_state: "scheduling" },
  host_down: {},
  active: { addresses: { private: ["192.168.1.30"] } },
  stopped: { status: "SHUTOFF" },
  paused: { status: "PAUSED" },
  suspended: { status: "SUSPENDED" },
  rescued: { status: "RESCUE" },
  resized: { status: "VERIFY_RESIZE" },
  locked: { locked: true },
  shelved: { status: "SHELVED" },
  shelved_offloaded: { status: "SHELVED_OFFLOADED", host: "" },
  error_on_host: { status: "ERROR" },
  error_no_host: { status: "ERROR", host: "", fault: "No valid host was found." },
  gone_from_host: { present: false },
  deleting: { task_state: "deleting" },
  migrating: { task_state: "migrating" },
  soft_deleted: { status: "SOFT_DELETED" },
  building_on_host: { status: "BUILD", task_state: "spawning" },
  other_project: {},
};
const absent = ["missing", "deleted"];

/** The id of a server, made from its place in the list. */
const idOf = (at) => `6f4393b9-c4c6-46c3-84f4-${String(at + 1).padStart(12, "0")}`;

/**
 * Oriel's own users. Another identity has the same shape: `settings` is its part of the configuration, `prepare`
 * makes projects and users before Oriel starts and returns the ids of the two projects, and `tokens` logs them in
 * and returns a token for each placeholder that it can.
 */
export const embedded = {
  settings: "",

  async prepare({ command, folder }) {
    const file = join(folder, "password");
    await writeFile(file, "correct horse\n");
    const password = ["--password-file", file];
    await command("bootstrap", "--user", "admin", "--project", "main", ...password);
    await command("project", "create", "other");
    for (const [user, project, role] of [
      ["member", "main", "member"],
      ["reader", "main", "reader"],
      ["other_member", "other", "member"],
      ["other_reader", "other", "reader"],
      ["other_admin", "other", "admin"],
    ]) {
      await command("user", "create", user, ...password);
      await command("role", "assign", "--user", user, "--project", project, role);
    }
    const show = async (name) => JSON.parse(await command("project", "show", name, "--json")).id;
    return { main: await show("main"), other: await show("other") };
  },

  async tokens({ url, projects }) {
    const logIn = async (name, project) => {
      const domain = { id: "default" };
      const user = { name, password: "correct horse", domain };
      const identity = { methods: ["password"], password: { user } };
      const scope = project && { project: { id: project } };
      const answer = await fetch(`${url}/identity/v3/auth/tokens`, {
        method: "POST",
        body: JSON.stringify({ auth: { identity, scope } }),
        headers: { "Content-Type": "application/json" },
      });
      return answer.headers.get("x-subject-token");
    };
    const { main, other } = projects;
    return {
      member: await logIn("member", main),
      reader: await logIn("reader", main),
      admin: await logIn("admin", main),
      other_member: await logIn("other_member", other),
      other_reader: await logIn("other_reader", other),
      other_admin: await logIn("other_admin", other),
      unscoped: await logIn("member"),
      invalid: "not-a-real-token",
      expired: "tok-expired-0123456789abcdef",
    };
  },
};

/** The real program, started anew for each profile, with users and projects that stay. */
export class Subject {
  #folder;
  #identity;
  #projects;
  #tokens;
  #url;

  static async prepare(identity = embedded) {
    const subject = new Subject();
    try {
      await subject.#prepare(identity);
    } catch (error) {
      await subject.remove();
      throw error;
    }
    return subject;
  }

  async #prepare(identity) {
    this.#folder = await makeFolder();
    this.#identity = identity;
    const port = await freePort();
    this.#url = `http://127.0.0.1:${port}`;
    this.#listen = `[listen]\naddress = "127.0.0.1:${port}"\n`;
    await this.#configure("");
    const command = async (...args) =>
      (await run(`oriel ${args[0]}`, program, [...args, "--config", this.#config])).stdout;
    this.#projects = await identity.prepare({ command, folder: this.#folder, url: this.#url });
  }

  #listen;

  get #config() {
    return join(this.#folder, "oriel.toml");
  }

  #configure(consoles) {
    return writeFile(
      this.#config,
      `public_url = "${this.#url}"
data_dir = "data"
${this.#listen}[tls]
mode = "off"
[log]
level = "warn"
${consoles}${this.#identity.settings}`,
    );
  }

  /** Replays the cases of a profile, and returns what `replay.py` reports. */
  async replay(profile) {
    const { consoles, kinds } = profiles[profile];
    await this.#configure(consoles);
    await writeFile(join(this.#folder, "servers.toml"), inventory(this.#projects, kinds));
    const env = plainEnvironment();
    const oriel = new Process("Oriel", program, ["serve", "--config", this.#config], { env });
    try {
      await until("Oriel to answer", async () => {
        oriel.throwIfEnded();
        return (await fetch(`${this.#url}/healthz`).catch(() => null))?.ok;
      });
      this.#tokens ??= await this.#identity.tokens({ url: this.#url, projects: this.#projects });
      return await this.#ask(profile);
    } finally {
      await oriel.stop();
    }
  }

  async #ask(profile) {
    const mapping = {
      base_url: this.#url,
      project: { "": this.#projects.main, other: this.#projects.other },
      server: Object.fromEntries(
        [...Object.keys(servers), ...absent].map((name, at) => [name, idOf(at)]),
      ),
      token: this.#tokens,
      console_base: bases,
      console_token: {
        deleted_server: "516f153d-4f3e-45a8-831f-c04499e2922b",
        expired: "aa01bedb-a92b-41ff-9ffd-3bad8644f25e",
        unknown: "11111111-2222-4333-8444-555555555555",
      },
    };
    const file = (name) => join(this.#folder, name);
    await writeFile(file("mapping.json"), JSON.stringify(mapping));
    const files = ["--mapping", file("mapping.json"), "--json", file("report.json")];
    const args = [join(cases, "replay.py"), "--profile", profile, "--show", "0", ...files];
    const replay = new Process("replay.py", "python3", args);
    const { code } = await replay.ended(120);
    // 1 says that answers differ, which the test judges.
    if (code !== 0 && code !== 1) {
      replay.throwIfEnded();
    }
    return { ...JSON.parse(await readFile(file("report.json"), "utf8")), table: replay.stdout };
  }

  async remove() {
    if (this.#folder) {
      await removeFolder(this.#folder);
    }
  }
}

/** The answers that differ on purpose, by what covers a case's name. */
export async function readDeviations() {
  const list = JSON.parse(await readFile(join(cases, "deviations.json"), "utf8"));
  return list.map(({ cases, reason }) => {
    if (Array.isArray(cases)) {
      return { cases, reason, covers: (name) => cases.includes(name) };
    }
    const pattern = new RegExp(cases);
    return { cases, reason, covers: (name) => pattern.test(name) };
  });
}

/** The names of a profile's cases, without those that do not count. */
export async function readNames(profile) {
  const lines = (await readFile(join(cases, "nova-corpus.jsonl"), "utf8")).split("\n");
  return lines
    .filter(Boolean)
    .map((line) => JSON.parse(line))
    .filter((one) => one.profile === profile && !one.info)
    .map(({ name }) => name);
}

function inventory(projects, kinds) {
  const newest = Date.UTC(2026, 0, 1);
  return Object.entries(servers)
    .map(([name, facts], at) => {
      const { addresses = {}, ...rest } = facts;
      const entry = {
        id: idOf(at),
        name: `inst-${name.replaceAll("_", "-")}`,
        project: name === "other_project" ? projects.other : projects.main,
        host: "compute1",
        created: new Date(newest - at * 60_000).toISOString(),
        image: "11111111-2222-4333-8444-000000000000",
        ...rest,
      };
      const backEnd = { back_end: "tcp:127.0.0.1:5900" };
      const consoles = kinds.map((kind) => {
        // As Nova's own test driver has it: only for native SPICE there is none.
        const path = kind === "spice-direct" ? {} : { access_path: "fakepath" };
        return table(`[server.console.${kind}]`, { ...backEnd, ...path });
      });
      return [
        table("[[server]]", entry),
        table("[server.addresses]", addresses),
        table("[server.metadata]", { purpose: "corpus" }),
        ...consoles,
      ].join("\n");
    })
    .join("\n");
}

function table(name, values) {
  const lines = Object.entries(values).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
  return [name, ...lines, ""].join("\n");
}
