import { useSignalEffect } from "@preact/signals";
import { useRef, useState } from "preact/hooks";
import { duration, number, t, tCount } from "../../../common/words.ts";
import type { LiveConsole } from "../../live.ts";
import { type Reason, reasons } from "../../reasons.ts";
import type { TypingOffer } from "../../session.ts";
import {
  charactersOf,
  estimateSeconds,
  type Progress,
  type TypingState,
  without,
} from "../../typing.ts";
import type { Lacking } from "../../typing-calls.ts";
import { layoutFor, namedLayouts, rememberLayout } from "../layouts.ts";
import { Panel } from "../Panel.tsx";
import { draft, openPanel, showPanel } from "../panels.ts";

/** Most lines of a text that are shown with what cannot be typed in them. */
const mostLines = 20;

interface Props {
  live: LiveConsole;
  server: string;
  offer: TypingOffer;
}

/** Has text typed into the server, for guests that have no clipboard: installers, boot menus, text consoles. */
export function Typing({ live, server, offer }: Props) {
  // Once it is being typed, the form has no more need of the text.
  const last = useRef(live.typing.state.peek().phase);
  useSignalEffect(() => {
    const { phase } = live.typing.state.value;
    if (phase === "typing" && last.current === "asking") {
      draft.value = "";
    }
    last.current = phase;
  });
  const close = () => {
    showPanel(null);
    draft.value = "";
    live.typing.forget();
    live.focus();
  };
  return openPanel.value === "typing" ? (
    <Panel id="typing" title={t("typing.title")} close={close}>
      <Content live={live} server={server} offer={offer} close={close} />
    </Panel>
  ) : null;
}

/** What the bar has to say of it. */
export function typingLabel(live: LiveConsole): string {
  const state = live.typing.state.value;
  return state.phase === "typing" && openPanel.value !== "typing"
    ? t("typing.running", { percent: percent(state) })
    : t("toolbar.typing");
}

function Content({ live, server, offer, close }: Props & { close: () => void }) {
  const [hidden, setHidden] = useState(false);
  const [enter, setEnter] = useState(false);
  const [layout, setLayout] = useState(() => layoutFor(server, offer.layouts));
  const state = live.typing.state.value;
  const start = (text: string) => {
    rememberLayout(server, layout);
    void live.typing.start(enter && !text.endsWith("\n") ? `${text}\n` : text, layout);
  };
  switch (state.phase) {
    case "typing":
      return <Running live={live} state={state} />;
    case "done":
    case "stopped":
    case "failed":
      return <Outcome live={live} state={state} close={close} />;
    case "lacking":
      return (
        <Impossible
          lacking={state.lacking}
          hidden={hidden}
          leaveOut={() => {
            draft.value = without(draft.value, state.lacking);
            start(draft.value);
          }}
          change={() => live.typing.forget()}
        />
      );
    default:
      return (
        <Form
          {...{ offer, hidden, setHidden, enter, setEnter, layout, setLayout, start }}
          state={state}
        />
      );
  }
}

interface FormProps {
  offer: TypingOffer;
  state: Extract<TypingState, { phase: "idle" | "asking" | "refused" }>;
  hidden: boolean;
  setHidden: (hidden: boolean) => void;
  enter: boolean;
  setEnter: (enter: boolean) => void;
  layout: string;
  setLayout: (layout: string) => void;
  start: (text: string) => void;
}

function Form(props: FormProps) {
  const { offer, state, hidden, setHidden, enter, setEnter, layout, setLayout, start } = props;
  const [refusedSize, setRefusedSize] = useState(0);
  const text = draft.value;
  const count = charactersOf(text).length;
  const tooLong = Math.max(refusedSize, count) > offer.maxCharacters;
  const ready = count > 0 && !tooLong && state.phase !== "asking";
  const submit = (event: Event) => {
    event.preventDefault();
    if (ready) {
      start(text);
    }
  };
  // A text far over the limit would only make the field slow.
  const paste = (event: ClipboardEvent) => {
    const pasted = event.clipboardData?.getData("text/plain") ?? "";
    const huge = pasted.length > 4 * offer.maxCharacters;
    setRefusedSize(huge ? pasted.length : 0);
    if (huge) {
      event.preventDefault();
    }
  };
  const submitByKey = (event: KeyboardEvent) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      submit(event);
    }
  };
  return (
    <form class="panel-body" onSubmit={submit}>
      <label class="field">
        {t("typing.text")}
        <textarea
          id="typing-text"
          data-first={text === "" ? "" : undefined}
          class={hidden ? "hidden-text" : undefined}
          rows={5}
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          value={text}
          onInput={({ currentTarget }) => {
            draft.value = currentTarget.value;
            setRefusedSize(0);
          }}
          onPaste={paste}
          onKeyDown={submitByKey}
        />
      </label>
      <label class="choice">
        <input
          type="checkbox"
          id="typing-hide"
          checked={hidden}
          onChange={({ currentTarget }) => setHidden(currentTarget.checked)}
        />
        {t("typing.hide")}
      </label>
      <label class="choice">
        <input
          type="checkbox"
          id="typing-enter"
          checked={enter}
          onChange={({ currentTarget }) => setEnter(currentTarget.checked)}
        />
        {t("typing.enter")}
      </label>
      <label class="field">
        {t("typing.layout")}
        <select
          id="typing-layout"
          aria-describedby="typing-layout-hint"
          value={layout}
          onChange={({ currentTarget }) => setLayout(currentTarget.value)}
        >
          {namedLayouts(offer.layouts).map(({ layout, name }) => (
            <option key={layout} value={layout}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <p id="typing-layout-hint" class="quiet-words">
        {t("typing.layout-hint")}
      </p>
      <p id="typing-problem" class="problem" role="alert">
        {tooLong
          ? t("typing.too-long", {
              count: number(Math.max(refusedSize, count)),
              most: number(offer.maxCharacters),
            })
          : state.phase === "refused" && refusalWords(state.reason)}
      </p>
      <div class="panel-foot">
        <button
          type="submit"
          id="typing-start"
          class="primary"
          data-first={text === "" ? undefined : ""}
          disabled={!ready}
        >
          {state.phase === "asking" ? t("typing.asking") : t("typing.start")}
        </button>
        {count > 0 && !tooLong && (
          <p id="typing-count" class="quiet-words">
            {tCount("typing.count", count)}{" "}
            {t("typing.estimate", { time: duration(estimateSeconds(text, offer.maxRate)) })}
          </p>
        )}
      </div>
    </form>
  );
}

function Impossible(props: {
  lacking: Lacking[];
  hidden: boolean;
  leaveOut: () => void;
  change: () => void;
}) {
  const { lacking, hidden, leaveOut, change } = props;
  return (
    <div class="panel-body">
      <p id="typing-lacking" role="alert">
        {tCount("typing.lacking", lacking.length)}
      </p>
      {hidden ? (
        <p class="quiet-words">{t("typing.lacking-hidden")}</p>
      ) : (
        <>
          <ul class="lacking" aria-label={t("typing.lacking-list")}>
            {lacking.map(({ character, codePoint, name, count, line }) => (
              <li key={codePoint}>
                <mark>{visible(character)}</mark> {name ?? codePoint}:{" "}
                {tCount("typing.lacking-place", count, { line: number(line) })}
              </li>
            ))}
          </ul>
          <Marked text={draft.value} lacking={lacking} />
        </>
      )}
      <div class="panel-foot">
        <button type="button" id="typing-leave-out" class="primary" onClick={leaveOut}>
          {t("typing.leave-out")}
        </button>
        <button type="button" id="typing-change" class="quiet" onClick={change}>
          {t("typing.change")}
        </button>
      </div>
    </div>
  );
}

/** The lines of a text that have something in them that cannot be typed, with that marked. */
function Marked({ text, lacking }: { text: string; lacking: Lacking[] }) {
  const marked = new Set(lacking.map(({ character }) => character));
  const lines = charactersOf(text)
    .join("")
    .split("\n")
    .map((line) => [...line])
    .filter((line) => line.some((character) => marked.has(character)))
    .slice(0, mostLines);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: whoever has no mouse scrolls it by the keyboard.
    <section class="marked" tabIndex={0} aria-label={t("typing.text")}>
      {lines.map((line, at) => (
        <span key={at}>
          {line
            .slice(0, 500)
            .map((character) =>
              marked.has(character) ? <mark>{visible(character)}</mark> : character,
            )}
          {"\n"}
        </span>
      ))}
    </section>
  );
}

function visible(character: string): string {
  return /[\p{L}\p{N}\p{P}\p{S}]/u.test(character) ? character : "␣";
}

function Running({
  live,
  state,
}: {
  live: LiveConsole;
  state: Extract<TypingState, { phase: "typing" }>;
}) {
  const { typed, total, perSecond, stopping } = state;
  return (
    <div class="panel-body">
      <progress id="typing-progress" value={typed} max={total} aria-label={t("typing.title")} />
      <p id="typing-how-far">
        {howFar(state)}{" "}
        {perSecond !== null && perSecond > 0 && (
          <span class="quiet-words">
            {t("typing.left", { time: duration((total - typed) / perSecond) })}
          </span>
        )}
      </p>
      <div class="panel-foot">
        <button
          type="button"
          id="typing-stop"
          class="primary"
          disabled={stopping}
          onClick={() => live.typing.stop()}
        >
          {t(stopping ? "typing.stopping" : "typing.stop")}
        </button>
      </div>
    </div>
  );
}

function Outcome({
  live,
  state,
  close,
}: {
  live: LiveConsole;
  state: Extract<TypingState, { phase: "done" | "stopped" | "failed" }>;
  close: () => void;
}) {
  const { phase } = state;
  return (
    <div class="panel-body">
      <progress value={state.typed} max={state.total} aria-label={t("typing.title")} />
      <p id="typing-outcome" role="status">
        {outcomeWords(state)}
      </p>
      {phase === "failed" && <p class="quiet-words">{refusalWords(state.reason)}</p>}
      <div class="panel-foot">
        {phase === "done" ? (
          <button
            type="button"
            id="typing-another"
            class="primary"
            onClick={() => live.typing.forget()}
          >
            {t("typing.another")}
          </button>
        ) : (
          <button
            type="button"
            id="typing-go-on"
            class="primary"
            onClick={() => void live.typing.goOn()}
          >
            {t("typing.go-on")}
          </button>
        )}
        <button type="button" id="typing-close" class="quiet" onClick={close}>
          {t("panel.close")}
        </button>
      </div>
    </div>
  );
}

function outcomeWords(state: Extract<TypingState, { phase: "done" | "stopped" | "failed" }>) {
  const { phase, typed, total } = state;
  const values = { typed: number(typed), total: number(total) };
  switch (phase) {
    case "done":
      return tCount("typing.done", total);
    case "stopped":
      return t("typing.stopped", values);
    case "failed":
      return t(state.atLeast ? "typing.failed-at-least" : "typing.failed", values);
  }
}

const ownRefusals = ["typing-busy", "typing-off", "view-only", "no-session"] as const;

/** Why a text was not typed, in words. */
function refusalWords(reason: string): string {
  const own = ownRefusals.find((known) => known === reason);
  if (own !== undefined) {
    return t(`typing.refused.${own}`);
  }
  const known = reasons.find((known): known is Reason => known === reason);
  return known === undefined ? t("typing.refused.unknown", { reason }) : t(`ended.${known}.what`);
}

function howFar({ typed, total }: Progress): string {
  return t("typing.progress", { typed: number(typed), total: number(total) });
}

function percent({ typed, total }: Progress): string {
  return `${Math.floor((100 * typed) / Math.max(1, total))} %`;
}
