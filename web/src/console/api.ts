import { type End, endByName } from "./reasons.ts";
import type { Access } from "./session.ts";

export type Opening = Access | { end: End };

const patienceMs = 20_000;

/** Shows the link's token to the gateway, which names the server or the reason why not. Never throws. */
export async function openConsole(token: string): Promise<Opening> {
  let response: Response;
  let body: unknown;
  try {
    response = await post("/oriel/v1/console", { token });
    body = await readJson(response);
  } catch {
    return { end: { reason: "network-lost" } };
  }
  return response.ok ? readConsole(body) : { end: readError(body, response.status) };
}

/** The address at which the console's own traffic flows. */
export function consoleSocketUrl(page: URL, token: string, pageId: string): URL {
  const url = new URL("/websockify", page);
  url.protocol = page.protocol === "https:" ? "wss:" : "ws:";
  url.searchParams.set("token", token);
  url.searchParams.set("page", pageId);
  return url;
}

/** A name for this page, so that the gateway tells it from others of this browser. */
export function randomPageId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Tells the gateway that somebody is there, though nothing was pressed. */
export async function stay(token: string, pageId: string): Promise<void> {
  // If it gets lost, the warning stays, and with it the button.
  await callOfPage("stay", token, pageId).catch(() => {});
}

/** One of the calls about this page's session. */
export function callOfPage(
  call: "events" | "stay",
  token: string,
  page: string,
  signal?: AbortSignal,
): Promise<Response> {
  return post(`/oriel/v1/console/${call}`, { token, page }, signal);
}

function post(
  path: string,
  body: object,
  signal: AbortSignal = AbortSignal.timeout(patienceMs),
): Promise<Response> {
  return fetch(path, {
    method: "POST",
    credentials: "same-origin",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
    signal,
  });
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
  const role = field(field(body, "console"), "role");
  const seconds = field(field(body, "console"), "reconnect_for");
  return {
    server: { id, name: typeof name === "string" && name !== "" ? name : id },
    role: role === "observer" || role === "peer" ? role : "owner",
    reconnectMs: typeof seconds === "number" ? seconds * 1000 : 0,
  };
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
