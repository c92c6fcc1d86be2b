import { type ReadonlySignal, signal } from "@preact/signals";
import { asProblem } from "./account.ts";
import type { Api, Problem, Server } from "./api.ts";

/** How often the list is asked for anew: seldom where it is long. */
const refreshMs = { short: 10_000, long: 30_000 };
const longFrom = 300;

/** The servers of a project, which keep up with what happens to them. */
export class Inventory {
  readonly #servers = signal<Server[] | null>(null);
  readonly #problem = signal<Problem | null>(null);
  readonly #allProjects = signal(false);
  readonly #api: Api;
  readonly #onProblem: (problem: Problem) => void;
  #timer: number | undefined;
  #active = false;
  /** Counts the times that the list was begun anew: an answer to an earlier time is thrown away. */
  #round = 0;

  constructor(api: Api, onProblem: (problem: Problem) => void) {
    this.#api = api;
    this.#onProblem = onProblem;
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible" && this.#active) {
        void this.refresh();
      }
    });
  }

  /** Null: not known yet. */
  get servers(): ReadonlySignal<Server[] | null> {
    return this.#servers;
  }

  /** Why the list is not as fresh as it should be. */
  get problem(): ReadonlySignal<Problem | null> {
    return this.#problem;
  }

  get allProjects(): ReadonlySignal<boolean> {
    return this.#allProjects;
  }

  /** Begins with another project, or with all of them. */
  begin(allProjects: boolean): void {
    this.#active = true;
    this.#servers.value = null;
    this.#allProjects.value = allProjects;
    void this.refresh();
  }

  /** Asks no more, and forgets what is known. What is still on its way is for nobody. */
  stop(): void {
    this.#active = false;
    this.#round += 1;
    clearTimeout(this.#timer);
    this.#servers.value = null;
    this.#problem.value = null;
  }

  async refresh(): Promise<void> {
    this.#round += 1;
    const round = this.#round;
    clearTimeout(this.#timer);
    try {
      await this.#load(() => round === this.#round);
      if (round === this.#round) {
        this.#problem.value = null;
      }
    } catch (error) {
      if (round !== this.#round) {
        return;
      }
      const problem = asProblem(error);
      this.#problem.value = problem;
      this.#onProblem(problem);
    }
    if (round === this.#round) {
      const wait = (this.#servers.value?.length ?? 0) > longFrom ? refreshMs.long : refreshMs.short;
      this.#timer = window.setTimeout(() => this.#refreshIfSeen(), wait);
    }
  }

  #refreshIfSeen(): void {
    if (document.visibilityState === "visible") {
      void this.refresh();
    }
  }

  async #load(isWanted: () => boolean): Promise<void> {
    const all: Server[] = [];
    let marker: string | null = null;
    do {
      const page: { servers: Server[]; next: string | null } = await this.#api.servers(
        marker,
        this.#allProjects.value,
      );
      if (!isWanted()) {
        return;
      }
      all.push(...page.servers);
      marker = page.next;
      // The first page is shown at once where there was nothing to see.
      if (marker !== null && this.#servers.value === null) {
        this.#servers.value = [...all];
      }
    } while (marker !== null);
    this.#servers.value = merge(this.#servers.value, all);
  }
}

/** The new list, with what has not changed being the very same objects, so that nothing of it is drawn anew. */
export function merge(before: Server[] | null, after: Server[]): Server[] {
  if (before === null) {
    return after;
  }
  const known = new Map(before.map((server) => [server.id, server]));
  const merged = after.map((server) => {
    const old = known.get(server.id);
    return old !== undefined && JSON.stringify(old) === JSON.stringify(server) ? old : server;
  });
  const same =
    merged.length === before.length && merged.every((server, index) => server === before[index]);
  return same ? before : merged;
}
