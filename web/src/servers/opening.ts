import { type ReadonlySignal, signal } from "@preact/signals";
import { language } from "../common/words.ts";
import { asProblem } from "./account.ts";
import type { Api, Problem, Server } from "./api.ts";
import { isDown } from "./condition.ts";

/** What there is to say of the last console that was asked for. */
export type OpeningNews =
  | { what: "problem"; server: Server; problem: Problem }
  /** The browser opened no tab by itself: the link is there to be clicked. */
  | { what: "link"; server: Server; url: string };

/** Opens consoles in tabs of their own. */
export class Opening {
  readonly #news = signal<OpeningNews | null>(null);
  readonly #busy = signal<string | null>(null);
  readonly #api: Api;
  readonly #onProblem: (problem: Problem) => void;
  /** Changes when everything is dismissed: what was asked for before that may be somebody else's. */
  #round = 0;

  constructor(api: Api, onProblem: (problem: Problem) => void) {
    this.#api = api;
    this.#onProblem = onProblem;
  }

  get news(): ReadonlySignal<OpeningNews | null> {
    return this.#news;
  }

  /** The id of the server whose console is being asked for. */
  get busy(): ReadonlySignal<string | null> {
    return this.#busy;
  }

  dismiss(): void {
    this.#round += 1;
    this.#busy.value = null;
    this.#news.value = null;
  }

  /** Must be called while a click or a key press is handled, or the browser opens no tab. */
  async open(server: Server, type: string): Promise<void> {
    if (this.#busy.value !== null) {
      return;
    }
    const round = this.#round;
    this.#busy.value = server.id;
    this.#news.value = null;
    // A server that is off most likely has no console to show: a tab would open to be closed again.
    const tab = isDown(server) ? null : window.open("", "_blank");
    if (tab !== null) {
      // The console must not reach back to this page. With `noopener` the tab could not be led to the link.
      tab.opener = null;
    }
    try {
      const url = await this.#api.console(server.id, type, language.value);
      if (round !== this.#round) {
        tab?.close();
      } else if (tab !== null && !tab.closed) {
        tab.location.replace(url);
      } else {
        this.#news.value = { what: "link", server, url };
      }
    } catch (error) {
      tab?.close();
      if (round !== this.#round) {
        return;
      }
      const problem = asProblem(error);
      this.#news.value = { what: "problem", server, problem };
      this.#onProblem(problem);
    } finally {
      if (round === this.#round) {
        this.#busy.value = null;
      }
    }
  }
}
