import { type ReadonlySignal, signal } from "@preact/signals";
import { type Job, type Lacking, startTyping, stopTyping, typingProgress } from "./typing-calls.ts";

const progressMs = 400;

/** How far a text is. Characters are counted over all of it, whatever was typed in which go. */
export interface Progress {
  typed: number;
  total: number;
}

export type TypingState =
  | { phase: "idle" }
  /** The gateway looks whether the layout has all the characters. */
  | { phase: "asking" }
  /** It has not, and nothing was typed. */
  | { phase: "lacking"; lacking: Lacking[] }
  /** Nothing was typed for another reason, by the gateway's name for it. */
  | { phase: "refused"; reason: string }
  | ({ phase: "typing"; stopping: boolean; perSecond: number | null } & Progress)
  | ({ phase: "done" } & Progress)
  | ({ phase: "stopped" } & Progress)
  /** `atLeast`: more may have been typed than was heard of. */
  | ({ phase: "failed"; reason: string; atLeast: boolean } & Progress);

/** A text as the gateway counts it: each end of a line is one character, and so is a letter with its accent. */
export function charactersOf(text: string): string[] {
  return [...text.replaceAll("\r\n", "\n").replaceAll("\r", "\n").normalize("NFC")];
}

export function without(text: string, lacking: Lacking[]): string {
  const left = new Set(lacking.map(({ character }) => character));
  return charactersOf(text)
    .filter((character) => !left.has(character))
    .join("");
}

/** Characters that take Shift or AltGr on most keyboards, and so twice as many key events. */
const withModifier = /[\p{Lu}!"#$%&()*+:;<>?@[\\\]^_{|}~€]/gu;

/** About how many seconds a text takes at so many key events a second: an end of a line waits for the guest. */
export function estimateSeconds(text: string, eventsPerSecond: number): number {
  const characters = charactersOf(text).length;
  const modified = text.match(withModifier)?.length ?? 0;
  const lines = text.match(/\n/g)?.length ?? 0;
  return (2 * characters + 2 * modified) / Math.max(1, eventsPerSecond) + lines * 0.4;
}

/** Text that the gateway types into the guest. It is kept here only until it is typed or given up. */
export class TextTyping {
  readonly #state = signal<TypingState>({ phase: "idle" });
  readonly #session: ReadonlySignal<string | null>;
  readonly #token: string | null;
  /** What is typed, or is left to type. */
  #characters: string[] = [];
  /** How much of it was typed before this go. */
  #before = 0;
  #layout = "";
  #timer: number | undefined;
  /** Tells answers to an earlier go from those to this one. */
  #go = 0;

  /** `session` is the id that the gateway has for what is on the page now. */
  constructor(session: ReadonlySignal<string | null>, token: string | null) {
    this.#session = session;
    this.#token = token;
  }

  get state(): ReadonlySignal<TypingState> {
    return this.#state;
  }

  async start(text: string, layout: string): Promise<void> {
    this.#characters = charactersOf(text);
    this.#before = 0;
    this.#layout = layout;
    await this.#begin();
  }

  /** Types the rest of a text that was stopped or failed. */
  async goOn(): Promise<void> {
    const state = this.#state.value;
    if (state.phase === "stopped" || state.phase === "failed") {
      this.#before = state.typed;
      await this.#begin();
    }
  }

  async stop(): Promise<void> {
    const state = this.#state.value;
    const session = this.#session.value;
    if (state.phase !== "typing" || session === null) {
      return;
    }
    this.#state.value = { ...state, stopping: true };
    const go = this.#go;
    const answer = await stopTyping(session, this.#token);
    if (go !== this.#go) {
      return;
    }
    const now = this.#state.value;
    if ("job" in answer) {
      this.#show(answer.job);
    } else if (now.phase === "typing") {
      // It goes on being typed, and somebody may want to stop it still.
      this.#state.value = { ...now, stopping: false };
    }
  }

  /** Forgets the text. What is being typed goes on being typed. */
  forget(): void {
    if (this.#state.value.phase !== "typing") {
      this.#go += 1;
      this.#characters = [];
      this.#state.value = { phase: "idle" };
    }
  }

  async #begin(): Promise<void> {
    this.#go += 1;
    const go = this.#go;
    const session = this.#session.value;
    const beforeThis = this.#state.value;
    this.#state.value = { phase: "asking" };
    const rest = this.#characters.slice(this.#before).join("");
    const answer =
      session === null
        ? { reason: "no-session" }
        : await startTyping(session, this.#token, rest, this.#layout);
    if (go !== this.#go) {
      return;
    }
    if ("job" in answer) {
      this.#show(answer.job);
      this.#watch(go, performance.now());
    } else if ("lacking" in answer) {
      this.#state.value = { phase: "lacking", lacking: answer.lacking };
    } else if (this.#before > 0 && "typed" in beforeThis) {
      const { typed, total } = beforeThis;
      this.#state.value = { phase: "failed", reason: answer.reason, atLeast: false, typed, total };
    } else {
      this.#state.value = { phase: "refused", reason: answer.reason };
    }
  }

  #watch(go: number, began: number): void {
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(async () => {
      const session = this.#session.value;
      const answer = session === null ? null : await typingProgress(session, this.#token);
      const state = this.#state.value;
      if (go !== this.#go || state.phase !== "typing") {
        return;
      }
      if (answer !== null && "job" in answer) {
        this.#show(answer.job, (performance.now() - began) / 1000);
      } else if (session === null || answer === null || answer.reason !== "network-lost") {
        // The session is over, and with it the typing. Another one may have begun.
        const { typed, total } = state;
        this.#state.value = { phase: "failed", reason: "no-session", atLeast: true, typed, total };
      }
      if (this.#state.value.phase === "typing") {
        this.#watch(go, began);
      }
    }, progressMs);
  }

  #show(job: Job, seconds = 0): void {
    const typed = this.#before + job.typed;
    const total = this.#characters.length;
    switch (job.state) {
      case "typing": {
        const { value } = this.#state;
        const stopping = value.phase === "typing" && value.stopping;
        const perSecond = seconds > 2 ? job.typed / seconds : null;
        this.#state.value = { phase: "typing", stopping, perSecond, typed, total };
        break;
      }
      case "done":
        this.#characters = [];
        this.#state.value = { phase: "done", typed, total };
        break;
      case "cancelled":
        this.#state.value = { phase: "stopped", typed, total };
        break;
      case "failed": {
        const reason = job.reason ?? "internal";
        this.#state.value = { phase: "failed", reason, atLeast: false, typed, total };
        break;
      }
    }
  }
}
