import { computed, type ReadonlySignal, signal } from "@preact/signals";
import { consoleSocketUrl, openConsole, sendBreak, stay } from "./api.ts";
import { waitBeforeTry } from "./backoff.ts";
import { canShow, loadClient, type Place, promisedType, warm } from "./clients.ts";
import { Clipboard } from "./clipboard.ts";
import type { Client, Connection } from "./connection.ts";
import { type SessionNews, SideChannel } from "./events.ts";
import type { End } from "./reasons.ts";
import {
  type Access,
  type ConsoleType,
  initialState,
  type SessionEvent,
  type State,
  transition,
} from "./session.ts";
import { TextTyping } from "./typing.ts";

/** How long the console's own connection may outlive the end that the side channel tells. */
const afterlifeMs = 2_000;

/** What a page's consoles have in common. */
export interface Opener {
  /** The page's address. */
  page: URL;
  token: string | null;
  /** Whether this viewer wants to look on, whatever the link allows. */
  viewOnly: boolean;
  /** What the page calls itself. */
  pageId: string;
}

/** A console from the link to its end, and back again. What it is like now is in its signals; it knows no view. */
export class LiveConsole {
  readonly #state = signal<State>(initialState);
  /** What the side channel told last of the session. It may come before the first picture. */
  readonly #news = signal<SessionNews | null>(null);
  readonly #nextTry = signal<number | null>(null);
  readonly #connection = signal<Connection | null>(null);
  readonly #access = signal<Access | null>(null);
  readonly #fresh = signal(false);
  readonly #opener: Opener;
  readonly #type: ConsoleType | null;
  readonly #place: () => Place;
  readonly #isShown: () => boolean;
  #client: Client | null = null;
  /** Counts the tries to open it, and their ends by the viewer's wish: what an earlier one still brings is for nobody. */
  #attempt = 0;
  /** It outlives its session, of whose end it may tell more than the close code, until the next one begins. */
  #sideChannel: SideChannel | null = null;
  /** The guest's clipboard, as far as this viewer may use it. */
  readonly clipboard = new Clipboard(this.#connection);
  /** Text that the gateway types into the guest. */
  readonly typing: TextTyping;
  /** The end that the side channel told of this session: it says more than a close code. */
  #told: End | null = null;
  #timer: number | undefined;

  /**
   * `type` is one of the consoles that the link opens, null its own. `place` is asked when the console is opened, and
   * `isShown` when it says something new.
   */
  constructor(
    opener: Opener,
    type: ConsoleType | null,
    place: () => Place,
    isShown: () => boolean,
  ) {
    this.#opener = opener;
    this.#type = type;
    this.#place = place;
    this.#isShown = isShown;
    const session = computed(() => this.#news.value?.session ?? null);
    this.typing = new TextTyping(session, opener.token);
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

  /** What the gateway said last of the console and of those beside it. */
  get access(): ReadonlySignal<Access | null> {
    return this.#access;
  }

  /** Whether it said something new while it was not shown. */
  get fresh(): ReadonlySignal<boolean> {
    return this.#fresh;
  }

  /** Somebody looks at it now. It is opened, if it was not. */
  show(): void {
    this.#fresh.value = false;
    if (this.#attempt === 0) {
      void this.open();
    }
  }

  /** From the link to a live screen. Every way in which this can fail is an `ended` event. */
  async open(): Promise<void> {
    this.#attempt += 1;
    const attempt = this.#attempt;
    this.#sideChannel?.close();
    this.#news.value = null;
    const { token, page, pageId } = this.#opener;
    if (token === null) {
      this.#ended({ reason: "token-missing" });
      return;
    }
    // What shows it comes while the gateway checks the link.
    warm(this.#type ?? promisedType(page));
    const opening = await openConsole(token, this.#type);
    if (attempt !== this.#attempt) {
      return;
    }
    if ("end" in opening) {
      this.#ended(opening.end);
      return;
    }
    const access = this.#opener.viewOnly ? watchingOnly(opening) : opening;
    this.#access.value = access;
    this.#handle({ type: "link-accepted", access });
    const { type } = opening;
    if (!canShow(type)) {
      this.#ended({ reason: "spice-not-shown" });
      return;
    }
    this.#client ??= await loadClient(type, this.#place());
    if (attempt !== this.#attempt) {
      return;
    }
    if (this.#client === null) {
      this.#ended({ reason: "network-lost" });
      return;
    }
    this.#told = null;
    this.#connection.value = this.#client.connect(
      consoleSocketUrl(page, token, pageId, this.#type),
      access.role === "observer",
      {
        ready: () => {
          this.#handle({ type: "screen-ready" });
          this.#listen(token, type);
        },
        output: () => {
          this.#fresh.value = !this.#isShown();
        },
        pictureDrawn: () => this.#handle({ type: "picture-drawn" }),
        clipboard: (text) => void this.clipboard.receive(text),
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

  /**
   * Looks whether the console is still there, since the computer slept or its network has changed: a connection may be
   * dead without knowing it.
   */
  check(): void {
    this.#sideChannel?.check();
    this.retryIfWaiting();
  }

  /** Ends it by the viewer's own wish, also on its way there or back. */
  disconnect(): void {
    const end: End = { reason: "client-closed" };
    if (this.#connection.value !== null) {
      this.#connection.value.abandon(end);
    } else if (this.#attempt > 0) {
      this.#attempt += 1;
      clearTimeout(this.#timer);
      this.#ended(end);
    }
  }

  /** Tells the gateway that somebody is there, though nothing was pressed. */
  stay(): void {
    const { token, pageId } = this.#opener;
    if (token !== null) {
      void stay(token, pageId);
    }
  }

  /** Sends a break to a serial line. Whether it went. */
  async sendBreak(): Promise<boolean> {
    const { token, pageId } = this.#opener;
    return token !== null && (await sendBreak(token, pageId));
  }

  /** Lets the keyboard go to the server. */
  focus(): void {
    this.#connection.value?.focus();
  }

  #listen(token: string, type: ConsoleType): void {
    const connection = this.#connection.value;
    this.#sideChannel = new SideChannel(token, this.#opener.pageId, type, {
      learn: (news) => this.#learn(news),
      lost: (end) => connection?.abandon(end),
    });
    void this.#sideChannel.listen();
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
  }
}

/** What is left of a viewer's rights where the page is only to look on. */
export function watchingOnly(access: Access): Access {
  const rights = { ...access.rights, clipboardToServer: false };
  return { ...access, role: "observer", typing: null, rights };
}
