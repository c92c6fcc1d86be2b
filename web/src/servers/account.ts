import { type ReadonlySignal, signal } from "@preact/signals";
import { type Api, type Login, type LoginState, Problem } from "./api.ts";
import { keep, kept, onKeptElsewhere } from "./kept.ts";

/** Why nobody is logged in, where somebody was. */
export type Parting = "ended" | "logged-out" | "logged-out-here";

export type AccountState =
  | { phase: "asking" }
  /** The gateway could not be asked who is logged in. */
  | { phase: "lost"; problem: Problem }
  | {
      phase: "out";
      asksForDomain: boolean;
      firstRun: boolean;
      parting: Parting | null;
      /** Who was logged in last, for the form. */
      user: string;
    }
  | { phase: "in"; login: Login };

type Out = Extract<AccountState, { phase: "out" }>;

/** Who is logged in at this page. Pages of one browser follow one another. */
export class Account {
  readonly #state = signal<AccountState>({ phase: "asking" });
  readonly #api: Api;
  /** The page's half of the login; kept in memory too, for a browser that keeps nothing. */
  #key: string | null = kept("login");
  /** Changes with whoever is here: an answer to an earlier question is thrown away. */
  #round = 0;
  #form: Pick<Out, "asksForDomain" | "firstRun"> = { asksForDomain: false, firstRun: false };

  constructor(api: (key: () => string | null) => Api) {
    this.#api = api(() => this.#key);
    onKeptElsewhere("login", (key) => {
      const wasIn = this.#state.value.phase === "in";
      this.#key = key;
      if (key === null && wasIn) {
        this.#out("logged-out");
      } else if (key !== null) {
        void this.ask();
      }
    });
    onKeptElsewhere("project", () => {
      if (this.#state.value.phase === "in") {
        void this.ask();
      }
    });
  }

  get state(): ReadonlySignal<AccountState> {
    return this.#state;
  }

  get api(): Api {
    return this.#api;
  }

  /** Finds out who is logged in. */
  async ask(): Promise<void> {
    this.#takeNewerKey();
    this.#round += 1;
    const round = this.#round;
    let answer: LoginState;
    try {
      answer = await this.#api.loginState();
    } catch (error) {
      if (round === this.#round) {
        this.#state.value = { phase: "lost", problem: asProblem(error) };
      }
      return;
    }
    if (round !== this.#round) {
      return;
    }
    this.#form = answer;
    if (answer.login !== null) {
      this.#state.value = { phase: "in", login: answer.login };
    } else if (this.#takeNewerKey()) {
      await this.ask();
    } else {
      const had = this.#key !== null;
      this.#forget();
      this.#out(had ? "ended" : null);
    }
  }

  /** Throws a `Problem` where it is refused. */
  async logIn(user: string, password: string, domain: string): Promise<void> {
    const { login, key } = await this.#api.logIn(user, password, domain, kept("project"));
    this.#key = key;
    keep("login", key);
    this.#enter(login);
  }

  /** Goes to another project. Throws a `Problem` where it is refused. */
  async enter(project: string): Promise<void> {
    try {
      this.#enter(await this.#api.enter(project));
    } catch (error) {
      this.heed(asProblem(error));
      throw error;
    }
  }

  async logOut(): Promise<void> {
    let parting: Parting = "logged-out";
    try {
      await this.#api.logOut();
    } catch {
      // The cookie is gone or worthless without the key that is forgotten now; only the identity may not know of it.
      parting = "logged-out-here";
    }
    this.#forget();
    this.#out(parting);
  }

  /** Takes note of a problem that any call had: it may be that the login has ended. */
  heed(problem: Problem): void {
    if (problem.code !== "login-required" || this.#state.value.phase !== "in") {
      return;
    }
    if (this.#takeNewerKey()) {
      void this.ask();
    } else {
      this.#forget();
      this.#out("ended");
    }
  }

  #enter(login: Login): void {
    if (login.project !== null) {
      keep("project", login.project.id);
    }
    this.#round += 1;
    this.#state.value = { phase: "in", login };
  }

  /** Whether another page has logged in since: this one may have slept through it, and goes on with that login. */
  #takeNewerKey(): boolean {
    const key = kept("login");
    if (key === null || key === this.#key) {
      return false;
    }
    this.#key = key;
    return true;
  }

  #forget(): void {
    // Another page's login is not this one's to forget.
    if (kept("login") === this.#key) {
      keep("login", null);
    }
    this.#key = null;
  }

  #out(parting: Parting | null): void {
    this.#round += 1;
    const before = this.#state.value;
    const user = before.phase === "in" ? before.login.user.name : "";
    this.#state.value = { phase: "out", ...this.#form, parting, user };
  }
}

export function asProblem(error: unknown): Problem {
  return error instanceof Problem ? error : new Problem("unreadable");
}
