import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { run } from "../harness/process.js";

const script = fileURLToPath(new URL("../../dev/keyboard/layouts.py", import.meta.url));

test("the tables of keyboard layouts say what xkeyboard-config says", async (t) => {
  const { stdout } = await run("layouts.py", "python3", [script, "--check"]);
  t.diagnostic(stdout.trim());
});
