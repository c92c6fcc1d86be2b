import { type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { asProblem } from "./account.ts";
import type { Api, Problem } from "./api.ts";

const atOnce = 3;
const freshMs = 30_000;
/** How long not to ask again where a picture was refused. */
const refusedMs = 5 * 60_000;
/** How many servers in a row may refuse before none is asked. */
const refusalsOfAll = 3;
/** Pictures that are kept beyond those in sight. */
const maxKept = 200;
const widths = [320, 480, 640, 960];

interface Picture {
  url: Signal<string | null>;
  /** How many views want it. */
  wanted: number;
  /** When it may be asked for again. */
  due: number;
}

/** Small pictures of what is on servers' screens: those in sight, a few at once, made anew now and then. */
export class Pictures {
  readonly #api: Api;
  readonly #onProblem: (problem: Problem) => void;
  readonly #pictures = new Map<string, Picture>();
  #width = widths[0] ?? 320;
  #loading = 0;
  #refusals = 0;
  #pausedUntil = 0;
  #timer: number | undefined;
  /** Changes when everything is forgotten: what was on the way then is thrown away. */
  #round = 0;

  constructor(api: Api, onProblem: (problem: Problem) => void) {
    this.#api = api;
    this.#onProblem = onProblem;
    document.addEventListener("visibilitychange", () => this.#proceed());
  }

  /** How wide pictures are shown, in the screen's own pixels. */
  set width(width: number) {
    this.#width = widths.find((step) => step >= width) ?? widths.at(-1) ?? 960;
  }

  /** The address of a server's picture, kept fresh until it is released; null as long as there is none. */
  want(id: string): ReadonlySignal<string | null> {
    const picture = this.#pictures.get(id) ?? { url: signal(null), wanted: 0, due: 0 };
    picture.wanted += 1;
    // The newest of the map are those that were wanted last.
    this.#pictures.delete(id);
    this.#pictures.set(id, picture);
    this.#proceed();
    return picture.url;
  }

  release(id: string): void {
    const picture = this.#pictures.get(id);
    if (picture !== undefined) {
      picture.wanted -= 1;
    }
    this.#forgetOld();
  }

  /** Forgets them all, as when somebody else is to see the page. */
  clear(): void {
    this.#round += 1;
    this.#refusals = 0;
    this.#pausedUntil = 0;
    for (const picture of this.#pictures.values()) {
      drop(picture);
      picture.due = 0;
    }
  }

  #proceed(): void {
    clearTimeout(this.#timer);
    if (document.visibilityState !== "visible") {
      return;
    }
    const now = Date.now();
    while (this.#loading < atOnce && now >= this.#pausedUntil) {
      const next = this.#next(now);
      if (next === undefined) {
        break;
      }
      void this.#load(...next);
    }
    // Slowly enough to cost nothing, often enough that a picture is made anew on time.
    this.#timer = window.setTimeout(() => this.#proceed(), 1000);
  }

  #next(now: number): [string, Picture] | undefined {
    let next: [string, Picture] | undefined;
    for (const [id, picture] of this.#pictures) {
      if (picture.wanted > 0 && picture.due <= now && picture.due < (next?.[1].due ?? now + 1)) {
        next = [id, picture];
      }
    }
    return next;
  }

  async #load(id: string, picture: Picture): Promise<void> {
    const round = this.#round;
    this.#loading += 1;
    picture.due = Number.POSITIVE_INFINITY;
    try {
      const blob = await this.#api.screenshot(id, this.#width);
      // An entry that was forgotten meanwhile would keep its picture for ever.
      if (round === this.#round && this.#pictures.get(id) === picture) {
        drop(picture);
        picture.url.value = URL.createObjectURL(blob);
        picture.due = Date.now() + freshMs;
        this.#refusals = 0;
      }
    } catch (error) {
      if (round === this.#round) {
        this.#refused(picture, asProblem(error));
      }
    } finally {
      this.#loading -= 1;
      this.#proceed();
    }
  }

  #refused(picture: Picture, problem: Problem): void {
    const now = Date.now();
    picture.due = now + freshMs;
    this.#onProblem(problem);
    if (problem.retryAfter !== null || problem.code === "network-lost") {
      this.#pausedUntil = now + (problem.retryAfter ?? 10) * 1000;
      return;
    }
    drop(picture);
    picture.due = now + refusedMs;
    this.#refusals += 1;
    if (this.#refusals >= refusalsOfAll) {
      // The operator allows none, most likely.
      this.#pausedUntil = now + refusedMs;
      this.#refusals = 0;
    }
  }

  #forgetOld(): void {
    for (const [id, picture] of this.#pictures) {
      if (this.#pictures.size <= maxKept) {
        return;
      }
      if (picture.wanted <= 0) {
        drop(picture);
        this.#pictures.delete(id);
      }
    }
  }
}

function drop({ url }: Picture): void {
  if (url.value !== null) {
    URL.revokeObjectURL(url.value);
    url.value = null;
  }
}
