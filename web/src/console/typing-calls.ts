import { field, readJson } from "./api.ts";

/** A text that the gateway types, or typed last. */
export interface Job {
  typed: number;
  total: number;
  state: "typing" | "done" | "cancelled" | "failed";
  reason: string | null;
}

/** A character that the layout has no keys for. */
export interface Lacking {
  character: string;
  /** Such as `U+20AC`. */
  codePoint: string;
  /** What it is called, where it shows nothing or looks like another. */
  name: string | null;
  line: number;
  column: number;
  count: number;
}

/** Why not, by the gateway's name for it. */
export interface Refusal {
  reason: string;
}

const patienceMs = 20_000;

export function startTyping(
  session: string,
  token: string | null,
  text: string,
  layout: string,
): Promise<{ job: Job } | { lacking: Lacking[] } | Refusal> {
  return call("POST", session, token, { text, layout });
}

export function typingProgress(
  session: string,
  token: string | null,
): Promise<{ job: Job } | Refusal> {
  return call("GET", session, token) as Promise<{ job: Job } | Refusal>;
}

export function stopTyping(session: string, token: string | null): Promise<{ job: Job } | Refusal> {
  return call("DELETE", session, token) as Promise<{ job: Job } | Refusal>;
}

async function call(
  method: string,
  session: string,
  token: string | null,
  body?: object,
): Promise<{ job: Job } | { lacking: Lacking[] } | Refusal> {
  try {
    const path = `/oriel/v1/sessions/${encodeURIComponent(session)}/type`;
    let response = await send(method, path, body);
    // Where a link opens many times there is no cookie, and the token has to come along.
    if (response.status === 401 && token !== null) {
      response = await send(method, `${path}?${new URLSearchParams({ token })}`, body);
    }
    return readAnswer(await readJson(response), response.status);
  } catch {
    return { reason: "network-lost" };
  }
}

function send(method: string, path: string, body?: object): Promise<Response> {
  return fetch(path, {
    method,
    credentials: "same-origin",
    signal: AbortSignal.timeout(patienceMs),
    ...(body === undefined
      ? {}
      : { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }),
  });
}

export function readAnswer(
  answer: unknown,
  status: number,
): { job: Job } | { lacking: Lacking[] } | Refusal {
  const job = field(answer, "job");
  if (job !== undefined) {
    return { job: readJob(job) };
  }
  const error = field(answer, "error");
  const lacking = field(error, "lacking");
  if (Array.isArray(lacking) && lacking.length > 0) {
    return { lacking: lacking.map(readLacking) };
  }
  const code = field(error, "code");
  return { reason: typeof code === "string" ? code : `HTTP ${status}` };
}

function readJob(job: unknown): Job {
  const state = field(job, "state");
  const reason = field(job, "reason");
  return {
    typed: Number(field(job, "typed")),
    total: Number(field(job, "total")),
    state: state === "typing" || state === "done" || state === "cancelled" ? state : "failed",
    reason: typeof reason === "string" ? reason : null,
  };
}

function readLacking(lacking: unknown): Lacking {
  const name = field(lacking, "name");
  return {
    character: String(field(lacking, "character")),
    codePoint: String(field(lacking, "code_point")),
    name: typeof name === "string" ? name : null,
    line: Number(field(lacking, "line")),
    column: Number(field(lacking, "column")),
    count: Number(field(lacking, "count")),
  };
}
