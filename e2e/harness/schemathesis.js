import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Process } from "./process.js";
import { python } from "./store.js";

const checks = [
  "not_a_server_error",
  "status_code_conformance",
  "content_type_conformance",
  "response_schema_conformance",
];

/** Requests that Schemathesis makes up from the OpenAPI document, good ones and bad ones, and Oriel's answers. */
export class Schemathesis {
  /** How many requests there were. */
  cases;
  #answers;

  /**
   * Runs it to its end; fails if an answer is not one that the document tells of. `dictionaries` are values that it
   * could not make up; `examples` is how many requests of each kind it makes for each call. Each run is like the last.
   */
  static async run(oriel, { token, examples, dictionaries }) {
    const schemathesis = new Schemathesis();
    const file = join(oriel.folder, "schemathesis.toml");
    await writeFile(file, config(oriel, token, examples, dictionaries));
    const logged = oriel.log.length;
    const options = ["--config-file", file, "run", `${oriel.url}/openapi.json`, "--no-color"];
    const child = new Process("Schemathesis", "env", [
      ...["-C", oriel.folder, join(dirname(python), "st"), ...options],
      ...[
        "--checks",
        checks.join(","),
        "--continue-on-failure",
        "--warnings",
        "off",
        // Python 3.11 takes two threads that parse at a time for one that goes too deep.
        "--workers",
        "1",
      ],
    ]);
    const { code } = await child.ended(300);
    assert.equal(code, 0, child.output);
    schemathesis.cases = Number(child.stdout.match(/(\d+) generated/)?.[1]);
    schemathesis.#answers = answers(oriel.log.slice(logged));
    return schemathesis;
  }

  /** How many requests were answered with this status. */
  count(method, path, status) {
    return this.#answers.filter(
      (answer) => answer.method === method && answer.status === status && path.test(answer.path),
    ).length;
  }
}

/** The lines of a log that tell of a request. */
export function answers(log) {
  return log
    .split("\n")
    .filter((line) => line.includes('"message":"answered"'))
    .map((line) => JSON.parse(line));
}

/** Where the values go, and how often instead of made-up ones. */
const uses = {
  servers: ["path.server_id", 0.8],
  projects: ["path.project_id", 0.8],
  users: ["path.user_id", 0.6],
  versions: ["header.OpenStack-API-Version", 0.7],
};

function config(oriel, token, examples, dictionaries) {
  const text = JSON.stringify;
  const named = Object.entries(dictionaries);
  const parameter = (name, dictionary, probability) =>
    `${text(name)} = { dictionary = ${text(dictionary)}, probability = ${probability} }`;
  const only = (operations, dictionary, name) =>
    dictionaries[dictionary]
      ? `
[[operations]]
include-operation-id-regex = ${text(operations)}
[operations.parameters]
${parameter(name, dictionary, 0.7)}
`
      : "";
  return `
${token ? `headers = { "X-Auth-Token" = ${text(token)} }` : ""}
tls-verify = ${text(join(oriel.folder, "data/tls/ca.pem"))}
request-timeout = 40
[cache]
enabled = false
[generation]
max-examples = ${examples}
deterministic = true
database = "none"
[phases.stateful]
enabled = false
[dictionaries]
${named.map(([name, values]) => `${name} = { values = ${text(values)} }`).join("\n")}
[parameters]
${Object.entries(uses)
  .filter(([name]) => dictionaries[name])
  .map(([name, [parameterName, probability]]) => parameter(parameterName, name, probability))
  .join("\n")}
${only("act_on_server", "actionVersions", "header.OpenStack-API-Version")}
${only("show_token", "shown", "header.X-Subject-Token")}
${only("revoke_token", "revoked", "header.X-Subject-Token")}
# What Oriel does not do, and says so.
[[operations]]
include-operation-id-regex = "(create|change|delete)_server"
[operations.checks]
not_a_server_error = { expected-statuses = ["2xx", "3xx", "4xx", 501] }
`;
}
