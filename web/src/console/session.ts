import { type End, resumesByItself } from "./reasons.ts";

export interface Server {
  id: string;
  name: string;
}

/** What this page's viewer is to the console. */
export type Role = "owner" | "peer" | "observer";

/** The consoles that Nova's API has names for and a link may open here. */
export type ConsoleType = "novnc" | "serial" | "spice-html5";

/** One of the server's consoles. */
export interface ConsoleFacts {
  type: ConsoleType;
  /** Whether a break can be sent to it. */
  canBreak: boolean;
}

/** What this page's viewer may do. The gateway sees to it; the page shows it. */
export interface Rights {
  clipboardToServer: boolean;
  clipboardToClient: boolean;
  /** Most bytes of a text for the guest's clipboard. */
  maxClipboard: number;
}

/** How the gateway types text for this viewer. */
export interface TypingOffer {
  /** The keyboard layouts that the guest may have, by name. */
  layouts: string[];
  /** Longest text, in characters. */
  maxCharacters: number;
  /** Most key events a second. */
  maxRate: number;
}

export interface Access {
  server: Server;
  /** The console that was opened. */
  type: ConsoleType;
  /** All that the link opens, that one among them. */
  consoles: ConsoleFacts[];
  role: Role;
  rights: Rights;
  /** Null where no text is typed for this viewer. */
  typing: TypingOffer | null;
  /** How long to go on trying to come back, in milliseconds. */
  reconnectMs: number;
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
  access: Access;
}

interface Connected {
  phase: "connected";
  server: Server;
  access: Access;
}

/** The console broke, and the page tries by itself to come back. */
interface Resuming {
  phase: "resuming";
  /** `waiting` until the next try; the others are those of a try. */
  step: "waiting" | "link" | "screen" | "picture";
  server: Server;
  access: Access;
  /** Why the last try, or the console itself, ended. */
  end: End;
  /** Tries that failed. */
  failed: number;
  /** When it broke. */
  since: number;
}

interface Ended {
  phase: "ended";
  end: End;
  /** Whether there was a picture before the end. */
  wasConnected: boolean;
  server: Server | null;
}

export type State = CheckingLink | ReachingScreen | Connected | Resuming | Ended;

export type SessionEvent =
  | { type: "link-accepted"; access: Access }
  | { type: "screen-ready" }
  | { type: "picture-drawn" }
  | { type: "ended"; end: End; now: number }
  | { type: "end-told"; end: End }
  | { type: "retry" };

export const initialState: State = checkingLink(null);

/** The state after an event. An event that does not fit the state, such as a late one, changes nothing. */
export function transition(state: State, event: SessionEvent): State {
  switch (state.phase) {
    case "ended":
      return afterEnd(state, event);
    case "resuming":
      return whileResuming(state, event);
    case "connected":
      return event.type === "ended" ? whenBroken(state, event.end, event.now) : state;
    case "connecting":
      return whileConnecting(state, event);
  }
}

function afterEnd(state: Ended, event: SessionEvent): State {
  if (event.type === "retry") {
    return checkingLink(state.server);
  }
  // The side channel knows more of an end than the close code says, and may come after it.
  return event.type === "end-told" && event.end.reason === state.end.reason
    ? { ...state, end: event.end }
    : state;
}

function whenBroken({ access, server }: Connected, end: End, now: number): State {
  return resumesByItself(end.reason) && access.reconnectMs > 0
    ? { phase: "resuming", step: "waiting", server, access, end, failed: 0, since: now }
    : { phase: "ended", end, wasConnected: true, server };
}

function whileResuming(state: Resuming, event: SessionEvent): State {
  const { server } = state;
  switch (event.type) {
    case "retry":
      return state.step === "waiting" ? { ...state, step: "link" } : state;
    case "ended": {
      const over = event.now - state.since >= state.access.reconnectMs;
      return over || !resumesByItself(event.end.reason)
        ? { phase: "ended", end: event.end, wasConnected: true, server }
        : { ...state, step: "waiting", end: event.end, failed: state.failed + 1 };
    }
    case "link-accepted":
      return state.step === "link"
        ? { ...state, step: "screen", server: event.access.server, access: event.access }
        : state;
    case "screen-ready":
      return state.step === "screen" ? { ...state, step: "picture" } : state;
    case "picture-drawn":
      return state.step === "picture"
        ? { phase: "connected", server, access: state.access }
        : state;
    case "end-told":
      return state;
  }
}

function whileConnecting(state: CheckingLink | ReachingScreen, event: SessionEvent): State {
  if (event.type === "ended") {
    return { phase: "ended", end: event.end, wasConnected: false, server: state.server };
  }
  switch (state.step) {
    case "link":
      return event.type === "link-accepted"
        ? {
            phase: "connecting",
            step: "screen",
            server: event.access.server,
            access: event.access,
          }
        : state;
    case "screen":
      return event.type === "screen-ready" ? { ...state, step: "picture" } : state;
    case "picture":
      return event.type === "picture-drawn"
        ? { phase: "connected", server: state.server, access: state.access }
        : state;
  }
}

function checkingLink(server: Server | null): State {
  return { phase: "connecting", step: "link", server };
}
