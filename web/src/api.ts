import { type End, endByName } from "./reasons.ts";
import type { Server } from "./session.ts";

export type Opening = { server: Server } | { end: End };

const patienceMs = 20_000;

/** Shows the link's token to the gateway, which names the server or the reason why not. Never throws. */
export async function openConsole(token: string): Promise<Opening> {
  let response: Response;
  let body: unknown;
  try {
    response = await fetch("/oriel/v1/console", {
      method: "POST",
      credentials: "same-origin",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ token }),
      signal: AbortSignal.timeout(patienceMs),
    });
    body = await readJson(response);
  } catch {
    return { end: { reason: "network-lost" } };
  }
  return response.ok ? readConsole(body) : { end: readError(body, response.status) };
}

/** The address at which the console's own traffic flows. */
export function consoleSocketUrl(page: URL, token: string): URL {
  const url = new URL("/websockify", page);
  url.protocol = page.protocol === "https:" ? "wss:" : "ws:";
  url.searchParams.set("token", token);
  return url;
}

async function readJson(response: Response): Promise<unknown> {
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function readConsole(body: unknown): Opening {
  const server = field(field(body, "console"), "server");
  const id = field(server, "id");
  const name = field(server, "name");
  if (typeof id !== "string") {
    return { end: { reason: "unknown", detail: "the answer names no server" } };
  }
  return { server: { id, name: typeof name === "string" && name !== "" ? name : id } };
}

function readError(body: unknown, status: number): End {
  const code = field(field(body, "error"), "code");
  return typeof code === "string"
    ? endByName(code)
    : { reason: "unknown", detail: `HTTP ${status}` };
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null
    ? (value as Record<string, unknown>)[name]
    : undefined;
}
