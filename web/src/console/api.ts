import { type End, endByName } from "./reasons.ts";
import type { Access, ConsoleFacts, ConsoleType, Rights, TypingOffer } from "./session.ts";

export type Opening = Access | { end: End };

const patienceMs = 20_000;

/**
 * Shows the link's token to the gateway, which names the server or the reason why not. `type` chooses among the
 * consoles that the link opens; null leaves it at the link's own. Never throws.
 */
export async function openConsole(
  token: string,
  type: ConsoleType | null = null,
): Promise<Opening> {
  let response: Response;
  let body: unknown;
  try {
    response = await post("/oriel/v1/console", { token, ...chosen(type) });
    body = await readJson(response);
  } catch {
    return { end: { reason: "network-lost" } };
  }
  return response.ok ? readConsole(body) : { end: readError(body, response.status) };
}

/** The address at which the console's own traffic flows. */
export function consoleSocketUrl(
  page: URL,
  token: string,
  pageId: string,
  type: ConsoleType | null = null,
): URL {
  const url = new URL("/websockify", page);
  url.protocol = page.protocol === "https:" ? "wss:" : "ws:";
  url.searchParams.set("token", token);
  url.searchParams.set("page", pageId);
  if (type !== null) {
    url.searchParams.set("console", type);
  }
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

/** Sends a break to this page's serial line. Whether it went. */
export async function sendBreak(token: string, pageId: string): Promise<boolean> {
  const sent = await callOfPage("break", token, pageId, "serial").catch(() => null);
  return sent?.ok === true;
}

/** One of the calls about this page's session, of this console or of whichever it has. */
export function callOfPage(
  call: "events" | "stay" | "break",
  token: string,
  page: string,
  type: ConsoleType | null = null,
  signal?: AbortSignal,
): Promise<Response> {
  return post(`/oriel/v1/console/${call}`, { token, page, ...chosen(type) }, signal);
}

function chosen(type: ConsoleType | null): { console?: ConsoleType } {
  return type === null ? {} : { console: type };
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

export async function readJson(response: Response): Promise<unknown> {
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
  const type = readType(field(body, "console"));
  if (type === null) {
    return { end: { reason: "unknown", detail: "the answer names no console" } };
  }
  const role = field(field(body, "console"), "role");
  const seconds = field(field(body, "console"), "reconnect_for");
  const may = field(field(body, "console"), "may");
  const typing = field(field(body, "console"), "typing");
  return {
    server: { id, name: typeof name === "string" && name !== "" ? name : id },
    type,
    consoles: readConsoles(field(field(body, "console"), "consoles"), type),
    role: role === "observer" || role === "peer" ? role : "owner",
    reconnectMs: typeof seconds === "number" ? seconds * 1000 : 0,
    rights: readRights(may),
    typing: readTyping(typing),
  };
}

function readConsoles(list: unknown, own: ConsoleType): ConsoleFacts[] {
  const consoles: ConsoleFacts[] = [];
  for (const entry of Array.isArray(list) ? list : []) {
    const type = readType(entry);
    if (type !== null) {
      consoles.push({ type, canBreak: field(entry, "can_break") === true });
    }
  }
  return consoles.length > 0 ? consoles : [{ type: own, canBreak: false }];
}

function readType(console: unknown): ConsoleType | null {
  const type = field(console, "type");
  return type === "novnc" || type === "serial" || type === "spice-html5" ? type : null;
}

function readRights(may: unknown): Rights {
  return {
    clipboardToServer: field(may, "clipboard_to_server") === true,
    clipboardToClient: field(may, "clipboard_to_client") === true,
    maxClipboard: numberOf(field(may, "max_clipboard")),
  };
}

function readTyping(typing: unknown): TypingOffer | null {
  const layouts = field(typing, "layouts");
  return Array.isArray(layouts)
    ? {
        layouts: layouts.filter((name) => typeof name === "string"),
        maxCharacters: numberOf(field(typing, "max_characters")),
        maxRate: numberOf(field(typing, "max_rate")),
      }
    : null;
}

function numberOf(value: unknown): number {
  return typeof value === "number" ? value : 0;
}

function readError(body: unknown, status: number): End {
  const code = field(field(body, "error"), "code");
  return typeof code === "string"
    ? endByName(code)
    : { reason: "unknown", detail: `HTTP ${status}` };
}

export function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null
    ? (value as Record<string, unknown>)[name]
    : undefined;
}
