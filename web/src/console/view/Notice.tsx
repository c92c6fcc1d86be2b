import { useEffect, useRef } from "preact/hooks";
import { useCountdown } from "../../common/view/countdown.ts";
import { language, t } from "../../common/words.ts";
import type { LiveConsole } from "../live.ts";
import { canRetry, type End } from "../reasons.ts";
import type { State } from "../session.ts";

/** Stands in the place of the screen while there is none, and says why. */
export function Notice({ live }: { live: LiveConsole }) {
  const notice = useRef<HTMLElement>(null);
  const state = live.state.value;
  const { phase } = state;
  useEffect(() => {
    if (phase === "ended") {
      // Not the button: whoever was typing into the server must not press it by accident.
      notice.current?.focus({ preventScroll: true });
    }
  }, [phase]);
  if (phase === "connected") {
    return null;
  }
  const { title, reason, next, retry, detail } = words(state, isLine(live));
  return (
    <section
      id="notice"
      tabIndex={-1}
      aria-labelledby="notice-title"
      aria-describedby="reason next"
      ref={notice}
    >
      <h2 id="notice-title">{title}</h2>
      <div aria-live="polite">
        <p id="reason">{reason}</p>
        <p id="next">{isWaiting(state) ? <NextTry at={live.nextTry.value} /> : next}</p>
      </div>
      <div id="progress" aria-hidden="true" />
      {retry !== null && (
        <button type="button" id="retry" class="primary" onClick={() => live.retry()}>
          {retry}
        </button>
      )}
      {detail !== null && <p id="detail">{detail}</p>}
    </section>
  );
}

function NextTry({ at }: { at: number | null }) {
  return t("notice.next-try", { seconds: String(useCountdown(at ?? Date.now())) });
}

function isWaiting(state: State): boolean {
  return state.phase === "resuming" && state.step === "waiting";
}

interface Words {
  title: string;
  /** What happened. */
  reason: string;
  /** What to do. */
  next: string;
  /** The button that does it; null where there is nothing to press. */
  retry: string | null;
  /** The reason's name, for whoever has to find the fault. */
  detail: string | null;
}

function isLine(live: LiveConsole): boolean {
  return live.access.value?.type === "serial";
}

/** `line` says that the console is a serial line, which has no picture to wait for. */
function words(state: Exclude<State, { phase: "connected" }>, line: boolean): Words {
  const step = (name: "link" | "screen" | "picture") =>
    t(line && name !== "link" ? "step.line" : `step.${name}`);
  switch (state.phase) {
    case "connecting":
      return {
        title: t("notice.connecting"),
        reason: step(state.step),
        next: "",
        retry: null,
        detail: null,
      };
    case "resuming":
      return {
        title: t("notice.resuming"),
        reason: t(`ended.${state.end.reason}.what`),
        next: state.step === "waiting" ? "" : step(state.step),
        retry: state.step === "waiting" ? t("notice.try-now") : null,
        detail: null,
      };
    case "ended":
      return wordsOfEnd(state.end, state.wasConnected);
  }
}

function wordsOfEnd(end: End, wasConnected: boolean): Words {
  const { reason, detail } = end;
  const button = t(reason === "taken-over" ? "notice.take-back" : "notice.retry");
  const name = detail === undefined ? reason : `${reason} (${detail})`;
  return {
    title: t(wasConnected ? "notice.ended" : "notice.not-opened"),
    reason: whatEnded(end),
    next: t(`ended.${reason}.next`),
    retry: canRetry(reason) ? button : null,
    detail: t("notice.detail", { reason: name }),
  };
}

function whatEnded({ reason, by, at }: End): string {
  if (reason === "taken-over" && by !== undefined && at !== undefined) {
    return t("taken-over-by", { name: by, time: at.toLocaleTimeString(language.value) });
  }
  return t(`ended.${reason}.what`);
}
