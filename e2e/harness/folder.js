import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder of our own. Its path is short, since sockets will lie in it. */
export const makeFolder = () => mkdtemp(join(tmpdir(), "oriel-e2e-"));

export const removeFolder = (folder) => rm(folder, { recursive: true, force: true });
