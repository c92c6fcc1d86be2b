import type { Server } from "./api.ts";
import { type Condition, conditionOf } from "./condition.ts";

export type Sort = "name" | "state";

/** What of the list is wanted. */
export interface Search {
  text: string;
  /** Null: whatever condition. */
  condition: Condition | null;
  sort: Sort;
}

const order: Record<Condition, number> = { trouble: 0, busy: 1, running: 2, off: 3 };

/** Numbers in names count as numbers, so that web-2 comes before web-10. */
const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

/** The servers that have every word somewhere in their name, addresses or state, or at the beginning of their id, in the order that is wanted. */
export function find(
  servers: readonly Server[],
  { text, condition, sort }: Search,
  wordsOf: (server: Server) => string,
): Server[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const found = servers.filter((server) => {
    if (condition !== null && conditionOf(server) !== condition) {
      return false;
    }
    if (words.length === 0) {
      return true;
    }
    const about = [server.name, server.status, ...server.addresses, wordsOf(server)]
      .join("\n")
      .toLowerCase();
    // Of an id only its beginning counts: two or three letters of a name are in somebody's id by chance.
    const id = server.id.toLowerCase();
    return words.every((word) => about.includes(word) || id.startsWith(word));
  });
  return sort === "name"
    ? found.sort(byName)
    : found.sort((a, b) => order[conditionOf(a)] - order[conditionOf(b)] || byName(a, b));
}

export function count(servers: readonly Server[]): Record<Condition, number> {
  const counts: Record<Condition, number> = { running: 0, busy: 0, off: 0, trouble: 0 };
  for (const server of servers) {
    counts[conditionOf(server)] += 1;
  }
  return counts;
}

function byName(a: Server, b: Server): number {
  return collator.compare(a.name, b.name) || (a.id < b.id ? -1 : 1);
}
