import { useState } from "preact/hooks";
import { t } from "../../../common/words.ts";
import { type Chord, isEmpty, nameOf, readChords, remember } from "../../keyboard/chord.ts";
import type { PageKeyboard } from "../../keyboard/keyboard.ts";
import {
  isModifier,
  keyAt,
  keys,
  legendOf,
  type Modifier,
  modifiers,
} from "../../keyboard/keys.ts";
import { KeyButton } from "../KeyButtons.tsx";
import { Group } from "./Group.tsx";

const storageKey = "oriel.chords";

/** Any keys at once, put together and sent. The last few stay at hand, in this tab alone. */
export function Composer({ keyboard, back }: { keyboard: PageKeyboard; back: () => void }) {
  const [chord, setChord] = useState<Chord>({ modifiers: [], code: null });
  const [recent, setRecent] = useState(() => readChords(fromStorage()));
  const toggle = (code: Modifier) => {
    const held = chord.modifiers.includes(code)
      ? chord.modifiers.filter((other) => other !== code)
      : [...chord.modifiers, code];
    setChord({ ...chord, modifiers: held });
  };
  const send = () => {
    keyboard.strike(chord);
    const chords = remember(chord, recent);
    setRecent(chords);
    toStorage(JSON.stringify(chords));
    back();
  };
  /** A key that is struck in the field is meant by its place, together with what is held. */
  const take = (event: KeyboardEvent) => {
    if (event.key === "Tab" || event.key === "Escape") {
      return;
    }
    event.preventDefault();
    if (!isModifier(event.code) && keyAt(event.code) !== null) {
      setChord({
        modifiers: [...new Set([...chord.modifiers, ...heldBy(event)])],
        code: event.code,
      });
    }
  };
  return (
    <Group title={t("keys.compose")}>
      <div class="keys modifiers">
        {modifiers.map((code) => (
          <button
            key={code}
            type="button"
            class={`key ${chord.modifiers.includes(code) ? "once" : "off"}`}
            data-part={legendOf(code)}
            aria-pressed={chord.modifiers.includes(code)}
            onClick={() => toggle(code)}
          >
            {legendOf(code)}
          </button>
        ))}
      </div>
      <div class="row">
        <input
          id="chord-key"
          readOnly
          aria-label={t("keys.compose.strike")}
          placeholder={t("keys.compose.strike")}
          value={chord.code === null ? "" : legendOf(chord.code)}
          onKeyDown={take}
        />
        <select
          id="chord-choice"
          aria-label={t("keys.compose.choose")}
          value={chord.code ?? ""}
          onChange={({ currentTarget }) =>
            setChord({ ...chord, code: currentTarget.value || null })
          }
        >
          <option value="">{t("keys.compose.choose")}</option>
          {keys.map(({ code, legend }) => (
            <option key={code} value={code}>
              {legend}
            </option>
          ))}
        </select>
      </div>
      <div class="row">
        <button
          type="button"
          id="chord-send"
          class="key strong"
          disabled={isEmpty(chord)}
          onClick={send}
        >
          {isEmpty(chord) ? t("keys.send") : t("keys.send-chord", { chord: nameOf(chord) })}
        </button>
        {!isEmpty(chord) && (
          <button
            type="button"
            id="chord-clear"
            class="key"
            onClick={() => setChord({ modifiers: [], code: null })}
          >
            {t("keys.compose.clear")}
          </button>
        )}
      </div>
      {recent.length > 0 && (
        <fieldset class="group keys recent" id="recent-chords">
          <legend>{t("keys.recent")}</legend>
          {recent.map((each) => (
            <KeyButton key={nameOf(each)} keyboard={keyboard} chord={each} back={back} />
          ))}
        </fieldset>
      )}
    </Group>
  );
}

function heldBy(event: KeyboardEvent): Modifier[] {
  const held: [boolean, Modifier][] = [
    [event.ctrlKey, "ControlLeft"],
    [event.shiftKey, "ShiftLeft"],
    [event.altKey, "AltLeft"],
    [event.getModifierState("AltGraph"), "AltRight"],
    [event.metaKey, "MetaLeft"],
  ];
  return held.filter(([is]) => is).map(([, code]) => code);
}

function fromStorage(): string | null {
  try {
    return sessionStorage.getItem(storageKey);
  } catch {
    return null;
  }
}

function toStorage(text: string): void {
  try {
    sessionStorage.setItem(storageKey, text);
  } catch {
    // Then they are there until the side is closed.
  }
}
