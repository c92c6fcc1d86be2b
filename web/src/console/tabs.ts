import { type ReadonlySignal, signal } from "@preact/signals";
import { createRef } from "preact";
import { canShow } from "./clients.ts";
import { LiveConsole, type Opener } from "./live.ts";
import type { ConsoleFacts, ConsoleType } from "./session.ts";

/** One console of the server, and its place on the page. */
export interface Tab {
  /** Null for the link's own, until the gateway has said what that is. */
  type: ConsoleType | null;
  live: LiveConsole;
  screen: { current: HTMLDivElement | null };
  lastPicture: { current: HTMLCanvasElement | null };
}

/** The consoles that a link opens: its own, and those beside it once they are known. Each is opened when it is chosen. */
export class Tabs {
  readonly #opener: Opener;
  readonly #all = signal<readonly Tab[]>([]);
  readonly #shown;

  constructor(opener: Opener) {
    this.#opener = opener;
    const own = this.#make(null);
    this.#all.value = [own];
    this.#shown = signal(own);
  }

  get all(): ReadonlySignal<readonly Tab[]> {
    return this.#all;
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
    this.#all.value = [first, ...others.map(({ type }) => this.#make(type))];
  }

  #make(type: ConsoleType | null): Tab {
    const screen = createRef<HTMLDivElement>();
    const lastPicture = createRef<HTMLCanvasElement>();
    const place = () => {
      if (screen.current === null || lastPicture.current === null) {
        throw new Error("the console is opened before there is a place for it on the page");
      }
      return { screen: screen.current, lastPicture: lastPicture.current };
    };
    const isShown = () => this.#shown.value === tab;
    const tab: Tab = {
      type,
      live: new LiveConsole(this.#opener, type, place, isShown),
      screen,
      lastPicture,
    };
    return tab;
  }
}
