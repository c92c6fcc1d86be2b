import { t } from "../../common/words.ts";
import { type Chord, nameOf } from "../keyboard/chord.ts";
import type { PageKeyboard } from "../keyboard/keyboard.ts";
import { legendOf, type Modifier, modifiers } from "../keyboard/keys.ts";

interface Props {
  keyboard: PageKeyboard;
  chord: Chord;
  id?: string;
  /** What stands on it, where that is less than the chord's name. */
  text?: string;
  back: () => void;
}

const spoken: Partial<Record<string, "keys.left" | "keys.up" | "keys.down" | "keys.right">> = {
  ArrowLeft: "keys.left",
  ArrowUp: "keys.up",
  ArrowDown: "keys.down",
  ArrowRight: "keys.right",
};

/** A key on the screen, or several at once. */
export function KeyButton({ keyboard, chord, id, text, back }: Props) {
  const name = nameOf(chord);
  const word = chord.modifiers.length === 0 ? spoken[chord.code ?? ""] : undefined;
  return (
    <button
      type="button"
      id={id}
      class="key"
      data-chord={name}
      aria-label={word === undefined ? name : t(word)}
      onClick={() => {
        keyboard.strike(chord);
        back();
      }}
    >
      {text ?? name}
    </button>
  );
}

interface ModifierProps {
  keyboard: PageKeyboard;
  only?: readonly Modifier[];
  back: () => void;
}

/** Keys that stay down until the next one is struck, or, pressed twice, until they are pressed again. */
export function ModifierButtons({ keyboard, only = modifiers, back }: ModifierProps) {
  const latches = keyboard.latches.value;
  return (
    <>
      {only.map((code) => {
        const latch = latches[code];
        const legend = legendOf(code);
        return (
          <button
            key={code}
            type="button"
            class={`key ${latch}`}
            data-chord={legend}
            aria-pressed={latch !== "off"}
            aria-label={latch === "locked" ? t("keys.locked", { key: legend }) : legend}
            onClick={({ timeStamp }) => {
              keyboard.pressModifier(code, timeStamp);
              back();
            }}
          >
            {legend}
          </button>
        );
      })}
    </>
  );
}
