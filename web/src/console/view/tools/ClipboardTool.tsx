import { useSignalEffect } from "@preact/signals";
import { useState } from "preact/hooks";
import { bytes, number, t } from "../../../common/words.ts";
import { type Copied, fits, mostShown, sizeOf } from "../../clipboard.ts";
import type { LiveConsole } from "../../live.ts";
import type { Access } from "../../session.ts";
import { Panel } from "../Panel.tsx";
import { tooLarge } from "../Paste.tsx";
import { hint, offerTyping, openPanel, showPanel } from "../panels.ts";

interface Props {
  live: LiveConsole;
  access: Access;
}

/** What people were told of already: this comes and goes with the bar and the tabs. */
const told = new WeakSet<Copied>();

/** The clipboards of both sides. What may not pass is said, in the place of what it would be done with. */
export function Clipboard({ live, access }: Props) {
  useSignalEffect(() => {
    const copied = live.clipboard.copied.value;
    if (copied === null || told.has(copied)) {
      return;
    }
    told.add(copied);
    if (openPanel.peek() !== "clipboard") {
      hint.value = copied.written
        ? { text: t("hint.copied") }
        : { text: t("hint.copied-there"), action: copyByHand(live) };
    }
  });
  const close = () => {
    showPanel(null);
    live.focus();
  };
  return openPanel.value === "clipboard" ? (
    <Panel id="clipboard" title={t("toolbar.clipboard")} close={close}>
      <div class="panel-body">
        <FromServer live={live} allowed={access.rights.clipboardToClient} />
        <ToServer live={live} access={access} />
      </div>
    </Panel>
  ) : null;
}

function copyByHand(live: LiveConsole) {
  const run = () => {
    void live.clipboard.copy();
    live.focus();
  };
  return { label: t("clipboard.copy"), run };
}

function FromServer({ live, allowed }: { live: LiveConsole; allowed: boolean }) {
  const copied = live.clipboard.copied.value;
  const title = t("clipboard.from-server");
  if (!allowed) {
    return <Forbidden id="clipboard-from-server" title={title} why={t("clipboard.no-to-client")} />;
  }
  return (
    <section id="clipboard-from-server" class="part">
      <h3>{title}</h3>
      {copied === null ? (
        <p class="quiet-words">{t("clipboard.nothing")}</p>
      ) : (
        <>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: whoever has no mouse scrolls it by the keyboard. */}
          <section class="marked" tabIndex={0} aria-label={title}>
            {copied.text.slice(0, mostShown)}
          </section>
          {copied.text.length > mostShown && (
            <p class="quiet-words">
              {t("clipboard.cut", { shown: number(mostShown), size: bytes(copied.text.length) })}
            </p>
          )}
          <div class="panel-foot">
            <button
              type="button"
              id="clipboard-copy"
              class="quiet"
              onClick={() => live.clipboard.copy()}
            >
              {t("clipboard.copy")}
            </button>
            <p class="quiet-words" role="status">
              {copied.written && t("clipboard.copied")}
            </p>
          </div>
        </>
      )}
    </section>
  );
}

function ToServer({ live, access }: Props) {
  const [text, setText] = useState("");
  const [sent, setSent] = useState<string | null>(null);
  const [refused, setRefused] = useState<string | null>(null);
  const title = t("clipboard.to-server");
  const { clipboardToServer, maxClipboard } = access.rights;
  if (!clipboardToServer) {
    return <Forbidden id="clipboard-to-server" title={title} why={t("clipboard.no-to-server")} />;
  }
  const take = (wanted: string) => {
    const fine = fits(wanted, maxClipboard);
    setRefused(fine ? null : tooLarge(wanted, maxClipboard));
    return fine;
  };
  const put = () => {
    if (take(text)) {
      live.clipboard.put(text);
      setSent(text);
    }
  };
  return (
    <section id="clipboard-to-server" class="part">
      <label class="field">
        {title}
        <textarea
          id="clipboard-text"
          data-first=""
          rows={4}
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          value={text}
          onInput={({ currentTarget }) => {
            setText(currentTarget.value);
            setRefused(null);
          }}
          // A text that may not pass would only make the field slow.
          onPaste={(event) => {
            if (!take(event.clipboardData?.getData("text/plain") ?? "")) {
              event.preventDefault();
            }
          }}
        />
      </label>
      <p class="problem" role="alert" id="clipboard-problem">
        {refused}
      </p>
      <div class="panel-foot">
        <button
          type="button"
          id="clipboard-put"
          class="primary"
          disabled={text === ""}
          onClick={put}
        >
          {t("clipboard.put")}
        </button>
        {access.typing !== null && text !== "" && (
          <button
            type="button"
            id="clipboard-type"
            class="quiet"
            onClick={() => offerTyping(live, text)}
          >
            {t("hint.type")}
          </button>
        )}
      </div>
      <p class="quiet-words" role="status" id="clipboard-sent">
        {sent !== null && sent === text && t("clipboard.put-done", { size: bytes(sizeOf(sent)) })}
      </p>
    </section>
  );
}

function Forbidden({ id, title, why }: { id: string; title: string; why: string }) {
  return (
    <section id={id} class="part">
      <h3>{title}</h3>
      <p class="quiet-words">{why}</p>
    </section>
  );
}
