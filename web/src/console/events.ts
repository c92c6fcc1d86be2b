import { callOfPage } from "./api.ts";
import { type End, endByName } from "./reasons.ts";
import type { ConsoleType } from "./session.ts";

/** What the gateway tells of a session, beside the console's own bytes. */
export interface SessionNews {
  /** When the session ends for want of use, by this browser's clock, once there is reason to warn. */
  idleEnd: number | null;
  viewers: number;
  /** The last of all. */
  end: End | null;
}

const retryMs = 5_000;

/**
 * Listens to the side channel of this page's session until its end is told or `signal` ends it. Where it breaks it is
 * opened again: each message is the whole state, so nothing is missed.
 */
export async function listen(
  token: string,
  page: string,
  type: ConsoleType,
  signal: AbortSignal,
  tell: (news: SessionNews) => void,
): Promise<void> {
  while (!signal.aborted) {
    try {
      const response = await callOfPage("events", token, page, type, signal);
      // A session that is not there, or not told to this page, will not be later.
      if (response.status >= 400 && response.status < 500 && response.status !== 429) {
        return;
      }
      if (response.ok && response.body !== null) {
        for await (const data of readEvents(response.body)) {
          const news = readNews(data);
          tell(news);
          if (news.end !== null) {
            return;
          }
        }
      }
    } catch {
      // Broken or aborted: the loop knows.
    }
    await pause(retryMs, signal);
  }
}

/** The `data` of each server-sent event. */
export async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = body
    .pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)
    .getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) {
      return;
    }
    text += value;
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      const event = text.slice(0, end);
      text = text.slice(end + 2);
      if (event.startsWith("data: ")) {
        yield event.slice(6);
      }
    }
  }
}

export function readNews(data: string, now = Date.now()): SessionNews {
  const { idle, viewers, end } = JSON.parse(data);
  return {
    idleEnd: typeof idle === "number" ? now + idle * 1000 : null,
    viewers: Array.isArray(viewers) ? viewers.length : 1,
    end: end ? readEnd(end) : null,
  };
}

function readEnd({ reason, by, at }: { reason: string; by: string | null; at: string }): End {
  return { ...endByName(reason), ...(by === null ? {} : { by }), at: new Date(at) };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
