import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "./process.js";

export const python = fileURLToPath(
  new URL("../../.venv-schemathesis/bin/python", import.meta.url),
);

const script = `
import json, sqlite3, sys
store = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
assert store.execute("PRAGMA integrity_check").fetchone() == ("ok",)
names = [name for (name,) in store.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
print(json.dumps({name: store.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in names}))
`;

const read = `
import json, sqlite3, sys
store = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
store.row_factory = sqlite3.Row
print(json.dumps([dict(row) for row in store.execute(sys.argv[2])]))
`;

/** The rows that a query of Oriel's store finds, as objects. */
export async function rowsOf(oriel, query) {
  const args = ["-c", read, join(oriel.folder, "data/oriel.db"), query];
  return JSON.parse((await run("the query", "python3", args)).stdout);
}

/** How many rows each table of Oriel's store has, but for logins, which come and go. */
export async function countRows(oriel) {
  const { stdout } = await run("the count", python, [
    "-c",
    script,
    join(oriel.folder, "data/oriel.db"),
  ]);
  const { auth_tokens, ...counts } = JSON.parse(stdout);
  return counts;
}
