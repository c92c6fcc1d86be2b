import { type ReadonlySignal, signal } from "@preact/signals";
import { consoleSocketUrl, openConsole, randomPageId, stay } from "./api.ts";
import { waitBeforeTry } from "./backoff.ts";
import type { Connection } from "./connection.ts";
import { listen, type SessionNews } from "./events.ts";
import type { End } from "./reasons.ts";
import { initialState, type SessionEvent, type State, transition } from "./session.ts";

/** How long the console's own connection may outlive the end that the side channel tells. */
const afterlifeMs = 2_000;

/** Where a console draws, and where it leaves its last picture. */
export interface Place {
  screen: HTMLElement;
  lastPicture: HTMLCanvasElement;
}

/** A console from the link to its end, and back again. What it is like now is in its signals; it knows no view. */
export class LiveConsole {
  readonly #state = signal<State>(initialState);
  /** What the side channel told last of the session. It may come before the first picture. */
  readonly #news = signal<SessionNews | null>(null);
  readonly #nextTry = signal<number | null>(null);
  readonly #connection = signal<Connection | null>(null);
  readonly #pageId = randomPageId();
  readonly #page: URL;
  readonly #token: string | null;
  readonly #place: () => Place;
  #listening = new AbortController();
  /** The end that the side channel told of this session: it says more than a close code. */
  #told: End | null = null;
  #timer: number | undefined;

  /** `place` is asked when the console is opened. */
  constructor(page: URL, token: string | null, place: () => Place) {
    this.#page = page;
    this.#token = token;
    this.#place = place;
  }

  get state(): ReadonlySignal<State> {
    return this.#state;
  }

  get news(): ReadonlySignal<SessionNews | null> {
    return this.#news;
  }

  /** When the next try to come back is, by this browser's clock. */
  get nextTry(): ReadonlySignal<number | null> {
    return this.#nextTry;
  }

  /** What carries the console while it is there: it takes keys, and tells what the back end can do. */
  get connection(): ReadonlySignal<Connection | null> {
    return this.#connection;
  }

  /** From the link to a live screen. Every way in which this can fail is an `ended` event. */
  async open(): Promise<void> {
    this.#listening.abort();
    this.#news.value = null;
    const token = this.#token;
    if (token === null) {
      this.#ended({ reason: "token-missing" });
      return;
    }
    const [opening, vnc] = await Promise.all([openConsole(token), loadVnc()]);
    if ("end" in opening) {
      this.#ended(opening.end);
      return;
    }
    this.#handle({ type: "link-accepted", access: opening });
    if (vnc === null) {
      this.#ended({ reason: "network-lost" });
      return;
    }
    this.#told = null;
    this.#connection.value = vnc.connectVnc(
      consoleSocketUrl(this.#page, token, this.#pageId),
      { ...this.#place(), watching: opening.role === "observer" },
      {
        ready: () => {
          this.#handle({ type: "screen-ready" });
          this.#listening = new AbortController();
          void listen(token, this.#pageId, this.#listening.signal, (news) => this.#learn(news));
        },
        pictureDrawn: () => this.#handle({ type: "picture-drawn" }),
        ended: (end) => this.#ended(end),
      },
    );
  }

  /** Opens the console again, where it has ended or waits for its next try. */
  retry(): void {
    clearTimeout(this.#timer);
    const before = this.#state.value;
    this.#handle({ type: "retry" });
    if (this.#state.value !== before) {
      void this.open();
    }
  }

  /** What was broken may be whole again. */
  retryIfWaiting(): void {
    if (this.#state.value.phase === "resuming") {
      this.retry();
    }
  }

  disconnect(): void {
    this.#connection.value?.abandon({ reason: "client-closed" });
  }

  /** Tells the gateway that somebody is there, though nothing was pressed. */
  stay(): void {
    if (this.#token !== null) {
      void stay(this.#token, this.#pageId);
    }
  }

  /** Lets the keyboard go to the server. */
  focus(): void {
    this.#connection.value?.focus();
  }

  #learn(news: SessionNews): void {
    const { end } = news;
    if (end !== null) {
      this.#told = end;
      this.#handle({ type: "end-told", end });
      // A connection that is dead without knowing it would keep the page from coming back.
      const dying = this.#connection.value;
      setTimeout(() => dying?.abandon(end), afterlifeMs);
    }
    this.#news.value = news;
  }

  #ended(end: End): void {
    const told = this.#told?.reason === end.reason ? this.#told : end;
    this.#connection.value = null;
    this.#handle({ type: "ended", end: told, now: Date.now() });
    const state = this.#state.value;
    if (state.phase === "resuming") {
      const wait = waitBeforeTry(state.failed);
      this.#nextTry.value = Date.now() + wait;
      clearTimeout(this.#timer);
      this.#timer = window.setTimeout(() => this.retryIfWaiting(), wait);
    }
  }

  #handle(event: SessionEvent): void {
    const before = this.#state.value;
    const state = transition(before, event);
    if (state === before) {
      return;
    }
    this.#state.value = state;
    if (state.phase === "connected") {
      this.focus();
    }
  }
}

/** The client is most of the page's weight, so it comes while the gateway checks the link. */
function loadVnc() {
  return import("./vnc.ts").catch(() => null);
}
