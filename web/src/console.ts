import { consoleSocketUrl, openConsole } from "./api.ts";
import type { Connection } from "./connection.ts";
import { chooseLanguage } from "./language.ts";
import { parseLink } from "./link.ts";
import { loadMessages } from "./messages/index.ts";
import { initialState, type SessionEvent, transition } from "./session.ts";
import { createView } from "./view.ts";

const page = new URL(location.href);
const link = parseLink(page);
const language = chooseLanguage(link.language, navigator.languages);

let state = initialState;
let connection: Connection | null = null;

const view = createView(language, await loadMessages(language), {
  retry: () => {
    handle({ type: "retry" });
    void open();
  },
  disconnect: () => connection?.close(),
  sendCtrlAltDel: () => connection?.sendCtrlAltDel(),
  focusScreen: () => connection?.focus(),
});

view.render(state);
void open();

/** From the link to a live screen. Every way in which this can fail is an `ended` event. */
async function open(): Promise<void> {
  const { token } = link;
  if (token === null) {
    handle({ type: "ended", end: { reason: "token-missing" } });
    return;
  }
  const [opening, vnc] = await Promise.all([openConsole(token), loadVnc()]);
  if ("end" in opening) {
    handle({ type: "ended", end: opening.end });
    return;
  }
  handle({ type: "link-accepted", server: opening.server });
  if (vnc === null) {
    handle({ type: "ended", end: { reason: "network-lost" } });
    return;
  }
  connection = vnc.connectVnc(consoleSocketUrl(page, token), view.screen, view.lastPicture, {
    ready: () => handle({ type: "screen-ready" }),
    pictureDrawn: () => handle({ type: "picture-drawn" }),
    ended: (end) => handle({ type: "ended", end }),
  });
}

/** The client is most of the page's weight, so it comes while the gateway checks the link. */
function loadVnc() {
  return import("./vnc.ts").catch(() => null);
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
