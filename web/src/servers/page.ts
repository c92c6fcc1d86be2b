import { signal } from "@preact/signals";
import { Account } from "./account.ts";
import { Api, type Problem } from "./api.ts";
import type { Condition } from "./condition.ts";
import type { Layout } from "./grid.ts";
import { Inventory } from "./inventory.ts";
import { keep, kept } from "./kept.ts";
import { Opening } from "./opening.ts";
import { Pictures } from "./pictures.ts";
import type { Sort } from "./search.ts";

/** Everything that the page is made of. It knows no view. What was looked for outlives a login that ends. */
export class Page {
  readonly account = new Account((key) => new Api(key));
  readonly inventory: Inventory;
  readonly pictures: Pictures;
  readonly opening: Opening;
  readonly layout = signal<Layout>(firstLayout());
  readonly sort = signal<Sort>(kept("sort") === "state" ? "state" : "name");
  readonly text = signal("");
  readonly condition = signal<Condition | null>(null);
  /** The server that the keyboard is at. */
  readonly current = signal<string | null>(null);
  /** How far down the list was when it was last seen. */
  scrolled = 0;

  constructor() {
    const heed = (problem: Problem) => this.account.heed(problem);
    const { api } = this.account;
    this.inventory = new Inventory(api, heed);
    this.pictures = new Pictures(api, heed);
    this.opening = new Opening(api, heed);
    let before: { user: string; project: string | null } | null = null;
    // What is done here reads other signals, and is not to be done again when those change.
    this.account.state.subscribe((state) => {
      if (state.phase === "in") {
        const { user, project } = state.login;
        const now = { user: user.id, project: project?.id ?? null };
        const isOther = now.user !== before?.user;
        const isMoved = !isOther && now.project !== before?.project;
        if (isOther || isMoved) {
          this.pictures.clear();
          this.#beginAnew(before !== null && isOther);
        }
        before = now;
        if (project !== null) {
          const all = state.login.admin && !isMoved && this.inventory.allProjects.peek();
          this.inventory.begin(all);
        }
      } else if (state.phase === "out") {
        this.inventory.stop();
        this.pictures.clear();
        this.opening.dismiss();
      }
    });
  }

  choose(layout: Layout): void {
    this.layout.value = layout;
    keep("layout", layout);
  }

  order(sort: Sort): void {
    this.sort.value = sort;
    keep("sort", sort);
  }

  #beginAnew(forSomebodyElse: boolean): void {
    this.current.value = null;
    this.scrolled = 0;
    if (forSomebodyElse) {
      this.text.value = "";
      this.condition.value = null;
    }
  }
}

/** What was chosen last; else tiles, where there is room for more than one. */
function firstLayout(): Layout {
  const chosen = kept("layout");
  return chosen === "rows" || (chosen === null && innerWidth < 640) ? "rows" : "tiles";
}
