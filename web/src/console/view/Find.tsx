import { useEffect, useRef, useState } from "preact/hooks";
import { t } from "../../common/words.ts";
import type { Found, TerminalTools } from "../connection.ts";
import type { LiveConsole } from "../live.ts";

/** Over a terminal: the search in its output, and why a text was not pasted or copied. */
export function Find({ live }: { live: LiveConsole }) {
  const terminal = live.connection.value?.terminal;
  if (terminal === undefined) {
    return null;
  }
  return (
    <>
      {terminal.finding.value && <FindBar terminal={terminal} />}
      {terminal.complaint.value !== null && (
        <p id={terminal.complaint.value} class="over" role="alert">
          {t(`terminal.${terminal.complaint.value}`)}
        </p>
      )}
    </>
  );
}

function FindBar({ terminal }: { terminal: TerminalTools }) {
  const input = useRef<HTMLInputElement>(null);
  const [text, setText] = useState("");
  useEffect(() => input.current?.focus(), []);
  const typed = (value: string) => {
    setText(value);
    // From the end of the output towards its beginning: what was said last is what people look for.
    terminal.find(value, "previous", true);
  };
  const key = (event: KeyboardEvent) => {
    if (event.key === "Escape") {
      terminal.closeFind();
    } else if (event.key === "Enter") {
      event.preventDefault();
      terminal.find(text, event.shiftKey ? "next" : "previous");
    }
  };
  return (
    <search id="find-bar" class="over">
      <input
        id="find-text"
        type="text"
        aria-label={t("terminal.find-label")}
        placeholder={t("terminal.find-label")}
        autocomplete="off"
        spellcheck={false}
        value={text}
        ref={input}
        onInput={({ currentTarget }) => typed(currentTarget.value)}
        onKeyDown={key}
      />
      <output id="found">{foundWords(terminal.found.value)}</output>
      <button
        type="button"
        id="find-previous"
        class="tool"
        aria-label={t("terminal.find-previous")}
        onClick={() => terminal.find(text, "previous")}
      >
        ↑
      </button>
      <button
        type="button"
        id="find-next"
        class="tool"
        aria-label={t("terminal.find-next")}
        onClick={() => terminal.find(text, "next")}
      >
        ↓
      </button>
      <button
        type="button"
        id="find-close"
        class="tool"
        aria-label={t("terminal.find-close")}
        onClick={() => terminal.closeFind()}
      >
        ✕
      </button>
    </search>
  );
}

function foundWords(found: Found | null): string {
  if (found === null) {
    return "";
  }
  const { index, count } = found;
  return count === 0
    ? t("terminal.find-none")
    : t("terminal.find-count", { index: String(index), count: String(count) });
}
