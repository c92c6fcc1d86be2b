import { spawn } from "node:child_process";
import { once } from "node:events";
import { within } from "./wait.js";

/** The environment for a child, without what belongs to the tests or would change Oriel's settings. */
export function plainEnvironment(extra = {}) {
  const { PATH, HOME, LANG } = process.env;
  return { PATH, HOME, LANG, ...extra };
}

/** A child process that does not outlive the tests, with all that it wrote. */
export class Process {
  #child;
  #name;
  #exit;
  exit = null;
  /** What it wrote on standard output, and on either stream. */
  stdout = "";
  output = "";

  constructor(name, command, args, { env = plainEnvironment() } = {}) {
    this.#name = name;
    this.#child = spawn("setpriv", ["--pdeathsig", "TERM", "--", command, ...args], {
      env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child.stdout.setEncoding("utf8").on("data", (text) => {
      this.stdout += text;
      this.output += text;
    });
    this.#child.stderr.setEncoding("utf8").on("data", (text) => {
      this.output += text;
    });
    this.#exit = once(this.#child, "close").then(([code, signal]) => {
      this.exit = { code, signal };
      return this.exit;
    });
  }

  /** Waits until it has ended and has said its last word. */
  ended(seconds = 30) {
    return within(seconds, `the end of ${this.#name}`, this.#exit);
  }

  /** As the system numbers it: `setpriv` becomes the program. */
  get pid() {
    return this.#child.pid;
  }

  terminate() {
    this.#child.kill("SIGTERM");
  }

  /** Asks it to end, and makes it if it does not. */
  async stop(seconds = 15) {
    this.terminate();
    try {
      return await this.ended(seconds);
    } catch (error) {
      this.#child.kill("SIGKILL");
      await this.#exit;
      throw error;
    }
  }

  throwIfEnded() {
    if (this.exit) {
      const how = this.exit.signal ?? `status ${this.exit.code}`;
      throw new Error(`${this.#name} has ended with ${how}:\n${this.output}`);
    }
  }
}

/** Runs a program to its end and returns what it wrote, as `stdout` and `output`. Fails if the program does. */
export async function run(name, command, args, options) {
  const child = new Process(name, command, args, options);
  const { code } = await child.ended(60);
  if (code !== 0) {
    child.throwIfEnded();
  }
  return child;
}

/** Runs a program to its end, which is to be a failure, and returns what it wrote. */
export async function runToFailure(name, command, args, options) {
  const child = new Process(name, command, args, options);
  const { code } = await child.ended(60);
  if (code === 0) {
    throw new Error(`${name} did not fail:\n${child.output}`);
  }
  return child;
}
