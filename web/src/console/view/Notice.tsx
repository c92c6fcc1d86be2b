import { useEffect, useRef, useState } from "preact/hooks";
import { useCountdown } from "../../common/view/countdown.ts";
import { language, t } from "../../common/words.ts";
import type { LiveConsole } from "../live.ts";
import { type End, type Remedy, remedyFor } from "../reasons.ts";
import type { State } from "../session.ts";

/** After so long at one step, a person wants to know what is slow. */
const slowMs = 4_000;

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
  const ownName = live.news.value?.viewers.find(({ own }) => own)?.name ?? null;
  const line = live.access.value?.type === "serial";
  const { title, reason, next, button, detail } = words(state, ownName, line);
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
        {"step" in state && state.step !== "waiting" && <Slow key={state.step} step={state.step} />}
      </div>
      <div id="progress" aria-hidden="true" />
      {button !== null && <Remedies live={live} remedy={button.remedy} label={button.label} />}
      {detail !== null && <p id="detail">{detail}</p>}
    </section>
  );
}

/** What takes so long, once it does. */
function Slow({ step }: { step: "link" | "screen" | "picture" }) {
  const [slow, setSlow] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setSlow(true), slowMs);
    return () => clearTimeout(timer);
  }, []);
  return slow ? <p id="slow">{t(`step.${step}.slow`)}</p> : null;
}

/** A frame of another page is no place for the list of servers. */
const elsewhere = window.parent === window ? {} : { target: "_blank", rel: "noopener" };

function Remedies({ live, remedy, label }: { live: LiveConsole; remedy: Remedy; label: string }) {
  switch (remedy) {
    case "retry":
      return (
        <button type="button" id="retry" class="primary" onClick={() => live.retry()}>
          {label}
        </button>
      );
    case "new-link":
      return (
        <a id="new-link" class="primary" href="/" {...elsewhere}>
          {label}
        </a>
      );
    case "tell":
      return <CopyFacts live={live} label={label} />;
  }
}

/** Puts what an operator will ask for into the clipboard. */
function CopyFacts({ live, label }: { live: LiveConsole; label: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    const state = live.state.value;
    const { id, name } = state.server ?? { id: "-", name: "-" };
    const reason = "end" in state ? state.end.reason : "-";
    const facts = `${location.origin}\n${name} (${id})\n${reason}\n${new Date().toISOString()}`;
    // A browser may refuse; the reason stands on the page all the same.
    await navigator.clipboard?.writeText(facts).then(
      () => setCopied(true),
      () => {},
    );
  };
  return (
    <button type="button" id="copy-facts" class="primary" onClick={copy}>
      {copied ? t("notice.copied") : label}
    </button>
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
  /** The button that does it; null while the page itself does what can be done. */
  button: { remedy: Remedy; label: string } | null;
  /** The reason's name, for whoever has to find the fault. */
  detail: string | null;
}

/** `line` says that the console is a serial line, which has no picture to wait for. */
function words(
  state: Exclude<State, { phase: "connected" }>,
  ownName: string | null,
  line: boolean,
): Words {
  const step = (name: "link" | "screen" | "picture") =>
    t(line && name !== "link" ? "step.line" : `step.${name}`);
  switch (state.phase) {
    case "connecting":
      return {
        title: t("notice.connecting"),
        reason: step(state.step),
        next: "",
        button: null,
        detail: null,
      };
    case "resuming":
      return {
        title: t("notice.resuming"),
        reason: t(`ended.${state.end.reason}.what`),
        next: state.step === "waiting" ? "" : step(state.step),
        button: state.step === "waiting" ? { remedy: "retry", label: t("notice.try-now") } : null,
        detail: null,
      };
    case "ended":
      return wordsOfEnd(state.end, state.wasConnected, ownName);
  }
}

function wordsOfEnd(end: End, wasConnected: boolean, ownName: string | null): Words {
  const { reason, detail } = end;
  const remedy = remedyFor(reason);
  const label = t(reason === "taken-over" ? "notice.take-back" : `notice.${remedy}`);
  const name = detail === undefined ? reason : `${reason} (${detail})`;
  return {
    title: t(wasConnected ? "notice.ended" : "notice.not-opened"),
    reason: whatEnded(end, ownName),
    next: t(`ended.${reason}.next`),
    button: { remedy, label },
    detail: t("notice.detail", { reason: name }),
  };
}

function whatEnded({ reason, by, at }: End, ownName: string | null): string {
  if (reason === "taken-over" && by !== undefined && at !== undefined) {
    const time = at.toLocaleTimeString(language.value);
    return t(by === ownName ? "taken-over-by-self" : "taken-over-by", { name: by, time });
  }
  return t(`ended.${reason}.what`);
}
