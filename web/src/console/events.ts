import { callOfPage } from "./api.ts";
import { type End, endByName } from "./reasons.ts";
import type { ConsoleType, Role } from "./session.ts";

/** Somebody who looks at the server. */
export interface Viewer {
  /** Null where the page may not know. */
  name: string | null;
  role: Role;
  /** Whether it is this page. */
  own: boolean;
}

/** What the gateway tells of a session, beside the console's own bytes. */
export interface SessionNews {
  /** The session's id, for calls about it. */
  session: string;
  /** When the session ends for want of use, by this browser's clock, once there is reason to warn. */
  idleEnd: number | null;
  viewers: Viewer[];
  /** How long the browser's last answer to the gateway took, in milliseconds; null until there was one. */
  roundTrip: number | null;
  /** The last of all. */
  end: End | null;
}

const retryMs = 5_000;

/** How long the gateway has to answer. */
const answerMs = 8_000;

/** The gateway writes something every 20 seconds. A channel that is silent for longer may be dead without knowing it. */
const silenceMs = 45_000;

export interface SideChannelListener {
  learn(news: SessionNews): void;
  /** The session is over, or the gateway is out of reach: what was heard of it before no longer holds. */
  lost(end: End): void;
}

/** The side channel of a page's session. */
export class SideChannel {
  readonly #token: string;
  readonly #page: string;
  readonly #type: ConsoleType;
  readonly #listener: SideChannelListener;
  readonly #closed = new AbortController();
  /** Ends the stream that is being read. */
  #stream = new AbortController();
  /** Whether the gateway has ever answered: what never worked says nothing about the session. */
  #heard = false;

  constructor(token: string, page: string, type: ConsoleType, listener: SideChannelListener) {
    this.#token = token;
    this.#page = page;
    this.#type = type;
    this.#listener = listener;
  }

  /**
   * Listens until the session's end is told, or its loss, or the channel is closed. Where it breaks it is opened again:
   * each message is the whole state, so nothing is missed.
   */
  async listen(): Promise<void> {
    while (!this.#closed.signal.aborted) {
      this.#stream = new AbortController();
      const goesOn = await this.#read(AbortSignal.any([this.#stream.signal, this.#closed.signal]));
      if (!goesOn) {
        return;
      }
      // Whoever asked for a new stream waits for its answer.
      if (!this.#stream.signal.aborted) {
        await pause(retryMs, this.#closed.signal);
      }
    }
  }

  /** Asks the gateway at once whether the session is still there: the computer slept, or its network has changed. */
  check(): void {
    this.#stream.abort();
  }

  close(): void {
    this.#closed.abort();
  }

  /** Reads one stream. False where there is nothing more to come. */
  async #read(signal: AbortSignal): Promise<boolean> {
    const silence = new AbortController();
    let timer = setTimeout(() => silence.abort(), answerMs);
    let answered = false;
    try {
      const either = AbortSignal.any([signal, silence.signal]);
      const response = await callOfPage("events", this.#token, this.#page, this.#type, either);
      answered = true;
      // A session that is not there, or not told to this page, will not be later.
      if (response.status >= 400 && response.status < 500 && response.status !== 429) {
        if (this.#heard) {
          this.#listener.lost({ reason: "client-lost" });
        }
        return false;
      }
      if (response.ok && response.body !== null) {
        this.#heard = true;
        const alive = () => {
          clearTimeout(timer);
          timer = setTimeout(() => silence.abort(), silenceMs);
        };
        for await (const data of readEvents(response.body, alive)) {
          const news = readNews(data);
          this.#listener.learn(news);
          if (news.end !== null) {
            return false;
          }
        }
      }
    } catch {
      if (!answered && this.#heard && !signal.aborted) {
        this.#listener.lost({ reason: "network-lost" });
        return false;
      }
    } finally {
      clearTimeout(timer);
    }
    if (silence.signal.aborted) {
      this.#stream.abort();
    }
    return true;
  }
}

/** The `data` of each server-sent event. `alive` is told of whatever comes, the gateway's signs of life too. */
export async function* readEvents(
  body: ReadableStream<Uint8Array>,
  alive: () => void = () => {},
): AsyncGenerator<string> {
  const reader = body
    .pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)
    .getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) {
      return;
    }
    alive();
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
  const { session, idle, viewers, round_trip: roundTrip, end } = JSON.parse(data);
  return {
    session: String(session),
    idleEnd: typeof idle === "number" ? now + idle * 1000 : null,
    viewers: Array.isArray(viewers) ? viewers : [],
    roundTrip: typeof roundTrip === "number" ? roundTrip : null,
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
