import { type ReadonlySignal, signal } from "@preact/signals";
import { createRef } from "preact";
import { canShow } from "./clients.ts";
import type { Quality } from "./display/quality.ts";
import { LiveConsole, type Opener } from "./live.ts";
import type { ConsoleFacts, ConsoleType } from "./session.ts";
import { Tuning } from "./tuning.ts";

/** One console of the server, and its place on the page. */
export interface Tab {
  /** In the order in which the page came to know of it. */
  number: number;
  /** Null for the link's own, until the gateway has said what that is. */
  type: ConsoleType | null;
  live: LiveConsole;
  screen: { current: HTMLDivElement | null };
  lastPicture: { current: HTMLCanvasElement | null };
  /** What is asked of its server, as the line has it. */
  tuning: Tuning;
}

/** The order in which people find the tabs, whichever of them their link is for. */
const order: (ConsoleType | null)[] = ["novnc", "serial", "spice-html5"];

/** The consoles that a link opens: its own, and those beside it once they are known. Each is opened when it is chosen. */
export class Tabs {
  readonly #opener: Opener;
  readonly #quality: ReadonlySignal<Quality>;
  readonly #all = signal<readonly Tab[]>([]);
  readonly #shown;

  /** `quality` is what the person chose of the pictures. */
  constructor(opener: Opener, quality: ReadonlySignal<Quality>) {
    this.#opener = opener;
    this.#quality = quality;
    const own = this.#make(null);
    this.#all.value = [own];
    this.#shown = signal(own);
  }

  get all(): ReadonlySignal<readonly Tab[]> {
    return this.#all;
  }

  /** The same, as they are shown to people. */
  get inOrder(): readonly Tab[] {
    return this.#all.value.toSorted((a, b) => order.indexOf(a.type) - order.indexOf(b.type));
  }

  get shown(): ReadonlySignal<Tab> {
    return this.#shown;
  }

  /** Shows a console, and opens it if it was not. */
  show(tab: Tab): void {
    const before = this.#shown.value;
    this.#shown.value = tab;
    tab.live.show();
    if (before !== tab) {
      // Whoever goes from one to the other is there, though nothing was typed.
      before.live.stay();
    }
  }

  /** Looks whether each is still there: the computer slept, or its network has changed. */
  check(): void {
    for (const { live } of this.#all.value) {
      live.check();
    }
  }

  /** What was broken may be whole again. */
  retryIfWaiting(): void {
    for (const { live } of this.#all.value) {
      live.retryIfWaiting();
    }
  }

  /** Learns which consoles the link opens, and which of them is its own. */
  learn(own: ConsoleType, consoles: readonly ConsoleFacts[]): void {
    const [first, ...further] = this.#all.value;
    if (first === undefined || further.length > 0) {
      return;
    }
    first.type = own;
    const others = consoles.filter(({ type }) => type !== own && canShow(type));
    this.#all.value = [first, ...others.map(({ type }, at) => this.#make(type, at + 1))];
  }

  #make(type: ConsoleType | null, number = 0): Tab {
    const screen = createRef<HTMLDivElement>();
    const lastPicture = createRef<HTMLCanvasElement>();
    const place = () => {
      if (screen.current === null || lastPicture.current === null) {
        throw new Error("the console is opened before there is a place for it on the page");
      }
      return { screen: screen.current, lastPicture: lastPicture.current };
    };
    const isShown = () => this.#shown.value === tab;
    const live = new LiveConsole(this.#opener, type, place, isShown);
    const tuning = new Tuning(live, this.#quality);
    const tab: Tab = { number, type, live, screen, lastPicture, tuning };
    return tab;
  }
}
