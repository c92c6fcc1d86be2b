import type { SessionNews } from "./events.ts";
import { fillIn, type Language, type Translate } from "./messages/index.ts";
import { canRetry, type End } from "./reasons.ts";
import type { Server, State } from "./session.ts";

export interface ViewActions {
  retry(): void;
  disconnect(): void;
  stay(): void;
  sendCtrlAltDel(): void;
  focusScreen(): void;
}

export interface View {
  /** Where a console draws. */
  screen: HTMLElement;
  /** Where a console leaves its last picture. */
  lastPicture: HTMLCanvasElement;
  render(state: State): void;
  /** Shows when the next try to come back is. */
  countDown(to: number): void;
  /** Shows what the side channel told. */
  showNews(news: SessionNews): void;
}

/** Binds the markup of `console.html`. What a state looks like is decided in `render` alone. */
export function createView(language: Language, translate: Translate, actions: ViewActions): View {
  const root = document.documentElement;
  const serverName = byId("server-name");
  const stateWord = byId("state");
  const toolbar = byId("toolbar");
  const keys = byId<HTMLDetailsElement>("keys");
  const notice = byId("notice");
  const title = byId("notice-title");
  const reason = byId("reason");
  const nextStep = byId("next");
  const retry = byId<HTMLButtonElement>("retry");
  const detail = byId("detail");
  const banner = byId("banner");
  const bannerText = byId("banner-text");
  const role = byId("role");
  const viewers = byId("viewers");
  let ticking: number | undefined;
  /** What was told last of the session that is on the page. */
  let news: SessionNews | null = null;

  root.lang = language;
  fillIn(document, translate);
  bindToolbar();

  return {
    screen: byId("screen"),
    lastPicture: byId<HTMLCanvasElement>("last-picture"),
    render(state) {
      showMarks(state);
      showServer(state.server);
      stateWord.textContent = translate(`state.${state.phase}`);
      toolbar.hidden = state.phase !== "connected";
      keys.open = false;
      notice.hidden = state.phase === "connected";
      retry.hidden = true;
      retry.textContent = translate("notice.retry");
      stopTicking();
      banner.hidden = true;
      showAccess(state);
      detail.hidden = true;
      if (state.phase === "connected") {
        showLive();
      } else if (!("step" in state && state.step === "picture")) {
        news = null;
      }
      if (state.phase === "connecting") {
        showProgress(state);
      } else if (state.phase === "resuming") {
        showResuming(state);
      } else if (state.phase === "ended") {
        showEnd(state);
      }
    },
    countDown(to) {
      tick(to, (seconds) => {
        nextStep.textContent = translate("notice.next-try", { seconds });
      });
    },
    showNews(told) {
      // It may come before the first picture.
      news = told;
      if (!toolbar.hidden) {
        showLive();
      }
    },
  };

  function showLive(): void {
    if (news === null) {
      return;
    }
    const { idleEnd, viewers: count } = news;
    viewers.hidden = count < 2;
    viewers.textContent = translate("viewers", { count: String(count) });
    stopTicking();
    banner.hidden = idleEnd === null;
    if (idleEnd !== null) {
      tick(idleEnd, (seconds) => {
        bannerText.textContent = translate("banner.idle", { seconds });
      });
    }
  }

  /** Shows the seconds until then, now and each second. */
  function tick(to: number, show: (seconds: string) => void): void {
    stopTicking();
    const showNow = () => show(String(Math.max(0, Math.ceil((to - Date.now()) / 1000))));
    showNow();
    ticking = window.setInterval(showNow, 1000);
  }

  function stopTicking(): void {
    clearInterval(ticking);
  }

  function showAccess(state: State): void {
    const watching = state.phase === "connected" && state.access.role === "observer";
    role.hidden = !watching;
    keys.hidden = watching;
    if (state.phase !== "connected") {
      viewers.hidden = true;
    }
  }

  /** The marks on the root element, for style sheets and for tests that drive the page. */
  function showMarks(state: State): void {
    setMark("state", state.phase);
    setMark("step", "step" in state ? state.step : null);
    setMark("reason", "end" in state ? state.end.reason : null);
  }

  function setMark(name: string, value: string | null): void {
    if (value === null) {
      delete root.dataset[name];
    } else {
      root.dataset[name] = value;
    }
  }

  function showServer(server: Server | null): void {
    serverName.textContent = server?.name ?? translate("console");
    document.title = `${serverName.textContent} — Oriel`;
  }

  function showProgress({ step }: Extract<State, { phase: "connecting" }>): void {
    title.textContent = translate("notice.connecting");
    reason.textContent = translate(`step.${step}`);
    nextStep.textContent = "";
  }

  function showResuming({ step, end }: Extract<State, { phase: "resuming" }>): void {
    title.textContent = translate("notice.resuming");
    reason.textContent = translate(`ended.${end.reason}.what`);
    nextStep.textContent = step === "waiting" ? "" : translate(`step.${step}`);
    retry.textContent = translate("notice.try-now");
    retry.hidden = step !== "waiting";
  }

  function showEnd({ end, wasConnected }: Extract<State, { phase: "ended" }>): void {
    title.textContent = translate(wasConnected ? "notice.ended" : "notice.not-opened");
    reason.textContent = whatEnded(end);
    nextStep.textContent = translate(`ended.${end.reason}.next`);
    if (end.reason === "taken-over") {
      retry.textContent = translate("notice.take-back");
    }
    retry.hidden = !canRetry(end.reason);
    const name = end.detail === undefined ? end.reason : `${end.reason} (${end.detail})`;
    detail.textContent = translate("notice.detail", { reason: name });
    detail.hidden = false;
    // Not the button: whoever was typing into the server must not press it by accident.
    notice.focus({ preventScroll: true });
  }

  function whatEnded({ reason, by, at }: End): string {
    if (reason === "taken-over" && by !== undefined && at !== undefined) {
      return translate("taken-over-by", { name: by, time: at.toLocaleTimeString(language) });
    }
    return translate(`ended.${reason}.what`);
  }

  function bindToolbar(): void {
    byId("stay").addEventListener("click", () => {
      actions.stay();
      actions.focusScreen();
    });
    retry.addEventListener("click", actions.retry);
    byId("disconnect").addEventListener("click", actions.disconnect);
    byId("ctrl-alt-del").addEventListener("click", () => {
      keys.open = false;
      actions.sendCtrlAltDel();
      actions.focusScreen();
    });
    closeOnLeaving(keys);
    bindFullScreen(byId<HTMLButtonElement>("full-screen"), byId("full-screen-label"));

    // The console takes every key, Tab too. This chord, known from remote desktops, leads the keyboard to the bar;
    // Escape leads it back.
    window.addEventListener(
      "keydown",
      (event) => {
        if (event.ctrlKey && event.altKey && event.key === "Home" && !toolbar.hidden) {
          event.preventDefault();
          event.stopPropagation();
          keys.querySelector("summary")?.focus();
        }
      },
      { capture: true },
    );
    toolbar.addEventListener("keydown", (event) => {
      if (event.key === "Escape") {
        keys.open = false;
        actions.focusScreen();
      }
    });
  }

  function bindFullScreen(button: HTMLButtonElement, label: HTMLElement): void {
    button.hidden = !document.fullscreenEnabled;
    const showLabel = () => {
      const full = document.fullscreenElement !== null;
      label.textContent = translate(full ? "toolbar.leave-full-screen" : "toolbar.full-screen");
      button.setAttribute("aria-label", label.textContent);
    };
    showLabel();
    document.addEventListener("fullscreenchange", showLabel);
    button.addEventListener("click", async () => {
      const change =
        document.fullscreenElement === null ? root.requestFullscreen() : document.exitFullscreen();
      // A browser may refuse; then nothing changes, and that is all there is to show.
      await change.catch(() => {});
      actions.focusScreen();
    });
  }
}

/** Closes a menu on a click or a focus elsewhere. */
function closeOnLeaving(menu: HTMLDetailsElement): void {
  const closeFromOutside = (event: Event) => {
    if (!(event.target instanceof Node && menu.contains(event.target))) {
      menu.open = false;
    }
  };
  document.addEventListener("pointerdown", closeFromOutside);
  document.addEventListener("focusin", closeFromOutside);
}

function byId<Kind extends HTMLElement = HTMLElement>(id: string): Kind {
  const element = document.getElementById(id);
  if (element === null) {
    throw new Error(`the page has no element #${id}`);
  }
  return element as Kind;
}
