import { effect, untracked } from "@preact/signals";
import { t } from "../common/words.ts";
import type { Chord } from "./keyboard/chord.ts";
import { isModifier, keyAt } from "./keyboard/keys.ts";
import type { LiveConsole } from "./live.ts";
import type { State } from "./session.ts";
import type { Tabs } from "./tabs.ts";

/** What a console's page tells the page that shows it in a frame. Nothing of it opens anything. */
export type Telling =
  | { type: "oriel:state"; state: State["phase"]; server: { id: string; name: string } | null }
  | { type: "oriel:ended"; reason: string; message: string };

export type Order =
  | { what: "hello" }
  | { what: "focus" }
  | { what: "disconnect" }
  | { what: "keys"; chord: Chord };

/** Reads what a portal's page says. Null: it is not for the console. */
export function readOrder(data: unknown): Order | null {
  if (typeof data !== "object" || data === null) {
    return null;
  }
  const { type, keys } = data as { type?: unknown; keys?: unknown };
  switch (type) {
    case "oriel:hello":
      return { what: "hello" };
    case "oriel:focus":
      return { what: "focus" };
    case "oriel:disconnect":
      return { what: "disconnect" };
    case "oriel:keys": {
      const chord = readChord(keys);
      return chord === null ? null : { what: "keys", chord };
    }
    default:
      return null;
  }
}

/** Modifiers, and one key at most that is struck while they are held, each by its place. */
function readChord(keys: unknown): Chord | null {
  if (!Array.isArray(keys) || keys.length === 0) {
    return null;
  }
  const codes = keys.filter((key) => typeof key === "string" && keyAt(key) !== null) as string[];
  const [code = null, ...more] = codes.filter((key) => !isModifier(key));
  return codes.length === keys.length && more.length === 0
    ? { modifiers: codes.filter(isModifier), code }
    : null;
}

/** What there is to tell of a state. */
export function tellings(state: State): Telling[] {
  const told: Telling[] = [{ type: "oriel:state", state: state.phase, server: state.server }];
  if (state.phase === "ended") {
    const { reason } = state.end;
    told.push({ type: "oriel:ended", reason, message: t(`ended.${reason}.what`) });
  }
  return told;
}

/**
 * Speaks with the page that shows this one in a frame, if any. The browser lets only pages of the origins that
 * `frame-ancestors` names do that, so the parent that says hello is one of them, and its origin is the one that is
 * told from then on. It hears of the console that is shown, and what it says is for that one.
 */
export function speakWithPortal(tabs: Tabs): void {
  const portal = window.parent;
  if (portal === window) {
    return;
  }
  const shown = () => tabs.shown.value.live;
  let origin: string | null = null;
  const tell = (state: State) => {
    if (origin !== null) {
      for (const telling of tellings(state)) {
        portal.postMessage(telling, origin);
      }
    }
  };
  window.addEventListener("message", (event) => {
    // A page without an origin of its own cannot be told anything that others do not hear.
    if (event.source !== portal || event.origin === "null") {
      return;
    }
    const order = readOrder(event.data);
    if (order?.what === "hello") {
      const isNew = origin !== event.origin;
      origin = event.origin;
      if (isNew) {
        tell(shown().state.value);
      }
    } else if (order !== null && event.origin === origin) {
      obey(shown(), order);
    }
  });
  // The words are of the language too, but another language is no other end.
  effect(() => {
    const state = shown().state.value;
    untracked(() => tell(state));
  });
}

function obey(live: LiveConsole, order: Order): void {
  switch (order.what) {
    case "hello":
      break;
    case "focus":
      live.focus();
      break;
    case "disconnect":
      live.disconnect();
      break;
    case "keys":
      live.connection.value?.screen?.keyboard.strike(order.chord);
      break;
  }
}
