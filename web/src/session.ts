import type { End } from "./reasons.ts";

export interface Server {
  id: string;
  name: string;
}

interface CheckingLink {
  phase: "connecting";
  step: "link";
  /** Known already when a console is opened again. */
  server: Server | null;
}

interface ReachingScreen {
  phase: "connecting";
  step: "screen" | "picture";
  server: Server;
}

interface Connected {
  phase: "connected";
  server: Server;
}

interface Ended {
  phase: "ended";
  end: End;
  /** Whether there was a picture before the end. */
  wasConnected: boolean;
  server: Server | null;
}

export type State = CheckingLink | ReachingScreen | Connected | Ended;

export type SessionEvent =
  | { type: "link-accepted"; server: Server }
  | { type: "screen-ready" }
  | { type: "picture-drawn" }
  | { type: "ended"; end: End }
  | { type: "retry" };

export const initialState: State = checkingLink(null);

/** The state after an event. An event that does not fit the state, such as a late one, changes nothing. */
export function transition(state: State, event: SessionEvent): State {
  if (state.phase === "ended") {
    return event.type === "retry" ? checkingLink(state.server) : state;
  }
  if (event.type === "ended") {
    const wasConnected = state.phase === "connected";
    return { phase: "ended", end: event.end, wasConnected, server: state.server };
  }
  if (state.phase === "connected") {
    return state;
  }
  switch (state.step) {
    case "link":
      return event.type === "link-accepted"
        ? { phase: "connecting", step: "screen", server: event.server }
        : state;
    case "screen":
      return event.type === "screen-ready" ? { ...state, step: "picture" } : state;
    case "picture":
      return event.type === "picture-drawn" ? { phase: "connected", server: state.server } : state;
  }
}

function checkingLink(server: Server | null): State {
  return { phase: "connecting", step: "link", server };
}
