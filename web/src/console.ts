import { consoleSocketUrl, openConsole, randomPageId, stay } from "./api.ts";
import { waitBeforeTry } from "./backoff.ts";
import type { Connection } from "./connection.ts";
import { listen, type SessionNews } from "./events.ts";
import { chooseLanguage } from "./language.ts";
import { parseLink } from "./link.ts";
import { loadMessages } from "./messages/index.ts";
import type { End } from "./reasons.ts";
import { initialState, type SessionEvent, transition } from "./session.ts";
import { createView } from "./view.ts";

const page = new URL(location.href);
const pageId = randomPageId();
const link = parseLink(page);
const language = chooseLanguage(link.language, navigator.languages);

/** How long the console's own connection may outlive the end that the side channel tells. */
const afterlifeMs = 2_000;

let state = initialState;
let connection: Connection | null = null;
let listening = new AbortController();
/** The end that the side channel told of this session: it says more than a close code. */
let told: End | null = null;
let nextTry: number | undefined;

const view = createView(language, await loadMessages(language), {
  retry,
  disconnect: () => connection?.abandon({ reason: "client-closed" }),
  stay: () => {
    if (link.token !== null) {
      void stay(link.token, pageId);
    }
  },
  sendCtrlAltDel: () => connection?.sendCtrlAltDel(),
  focusScreen: () => connection?.focus(),
});

// What was broken may be whole again.
window.addEventListener("online", retryIfWaiting);
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") {
    retryIfWaiting();
  }
});

view.render(state);
void open();

/** From the link to a live screen. Every way in which this can fail is an `ended` event. */
async function open(): Promise<void> {
  listening.abort();
  const { token } = link;
  if (token === null) {
    ended({ reason: "token-missing" });
    return;
  }
  const [opening, vnc] = await Promise.all([openConsole(token), loadVnc()]);
  if ("end" in opening) {
    ended(opening.end);
    return;
  }
  handle({ type: "link-accepted", access: opening });
  if (vnc === null) {
    ended({ reason: "network-lost" });
    return;
  }
  told = null;
  const socket = consoleSocketUrl(page, token, pageId);
  const watching = opening.role === "observer";
  connection = vnc.connectVnc(
    socket,
    { screen: view.screen, lastPicture: view.lastPicture, watching },
    {
      ready: () => {
        handle({ type: "screen-ready" });
        listening = new AbortController();
        void listen(token, pageId, listening.signal, learn);
      },
      pictureDrawn: () => handle({ type: "picture-drawn" }),
      ended,
    },
  );
}

/** The client is most of the page's weight, so it comes while the gateway checks the link. */
function loadVnc() {
  return import("./vnc.ts").catch(() => null);
}

function learn(news: SessionNews): void {
  const { end } = news;
  if (end !== null) {
    told = end;
    handle({ type: "end-told", end });
    // A connection that is dead without knowing it would keep the page from coming back.
    const dying = connection;
    setTimeout(() => dying?.abandon(end), afterlifeMs);
  }
  view.showNews(news);
}

function ended(end: End): void {
  handle({ type: "ended", end: told?.reason === end.reason ? told : end, now: Date.now() });
  if (state.phase === "resuming") {
    const wait = waitBeforeTry(state.failed);
    view.countDown(Date.now() + wait);
    clearTimeout(nextTry);
    nextTry = window.setTimeout(retryIfWaiting, wait);
  }
}

function retry(): void {
  clearTimeout(nextTry);
  const before = state;
  handle({ type: "retry" });
  if (state !== before) {
    void open();
  }
}

function retryIfWaiting(): void {
  if (state.phase === "resuming") {
    retry();
  }
}

function handle(event: SessionEvent): void {
  const before = state;
  state = transition(before, event);
  if (state === before) {
    return;
  }
  view.render(state);
  if (state.phase === "connected") {
    connection?.focus();
  }
}
