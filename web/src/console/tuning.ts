import { effect, type ReadonlySignal, signal } from "@preact/signals";
import { Meter, type Rates } from "./display/meter.ts";
import { levelsOf, type Quality, suiting } from "./display/quality.ts";
import type { LiveConsole } from "./live.ts";

const readEveryMs = 1_000;

const still: Rates = { received: 0, sent: 0, updates: 0, encoding: null };

/** Looks at what a console carries, and has its server send what suits the line, or what the person chose. */
export class Tuning {
  readonly #rates = signal(still);
  readonly #quality = signal<Exclude<Quality, "auto">>("balanced");

  constructor(live: LiveConsole, chosen: ReadonlySignal<Quality>) {
    effect(() => this.#watch(live));
    effect(() => {
      const choice = chosen.value;
      const quality = choice === "auto" ? this.#quality.value : choice;
      live.connection.value?.screen?.setLevels(levelsOf(quality));
    });
  }

  /** What was carried in the last second. */
  get rates(): ReadonlySignal<Rates> {
    return this.#rates;
  }

  /** What suits the line now. */
  get suiting(): ReadonlySignal<Exclude<Quality, "auto">> {
    return this.#quality;
  }

  #watch(live: LiveConsole): (() => void) | undefined {
    const screen = live.connection.value?.screen;
    this.#rates.value = still;
    if (screen === undefined) {
      return undefined;
    }
    const meter = new Meter();
    let least: number | null = null;
    const timer = setInterval(() => {
      this.#rates.value = meter.read(screen.counts, performance.now());
      const roundTrip = live.news.peek()?.roundTrip ?? null;
      least = roundTrip === null ? least : Math.min(roundTrip, least ?? roundTrip);
      const line = { roundTrip, leastRoundTrip: least, peakRate: meter.peak };
      this.#quality.value = suiting(line, this.#quality.peek());
    }, readEveryMs);
    return () => clearInterval(timer);
  }
}
