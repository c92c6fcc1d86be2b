import { useEffect, useRef } from "preact/hooks";
import { t } from "../../common/words.ts";
import type { Modifier } from "../keyboard/keys.ts";
import { keyAt } from "../keyboard/keys.ts";
import { editBetween } from "../keyboard/text.ts";
import type { LiveConsole } from "../live.ts";
import type { Screen } from "../screen.ts";
import { KeyButton, ModifierButtons } from "./KeyButtons.tsx";
import type { ViewState } from "./state.ts";

/**
 * What stands in the field before anything is typed. A phone's keyboard says that it takes a character back only where
 * there is one. Lines that are empty are no words that it could want to complete.
 */
const padding = "\n".repeat(64);
/** How long the field may become before it is emptied. */
const longest = 512;

const stripModifiers: readonly Modifier[] = ["ControlLeft", "AltLeft", "ShiftLeft", "AltRight"];
const stripKeys = [
  "ArrowLeft",
  "ArrowUp",
  "ArrowDown",
  "ArrowRight",
  "Home",
  "End",
  "PageUp",
  "PageDown",
  "Delete",
  ...Array.from({ length: 12 }, (_, index) => `F${index + 1}`),
];

/** Brings a phone's own keyboard, and above it the keys that it lacks. */
export function TouchKeyboard({ live, view }: { live: LiveConsole; view: ViewState }) {
  const screen = live.connection.value?.screen;
  const connected = live.state.value.phase === "connected";
  if (!connected || !view.touchKeyboard.value || screen === undefined || screen.watching) {
    return null;
  }
  return <Field screen={screen} view={view} />;
}

/**
 * Phones' keyboards compose: they tell no keys, they write into a field and rewrite what they wrote. So what they have
 * made of the field is compared with what was there before, and the difference is typed.
 */
function Field({ screen, view }: { screen: Screen; view: ViewState }) {
  const field = useRef<HTMLTextAreaElement>(null);
  const before = useRef(padding);
  const { keyboard } = screen;

  const empty = () => {
    const element = field.current;
    if (element !== null) {
      element.value = padding;
      element.setSelectionRange(padding.length, padding.length);
      before.current = padding;
    }
  };
  useEffect(() => {
    empty();
    field.current?.focus({ preventScroll: true });
    // Or each tap on the picture would put the keyboard away.
    screen.takeFocusOnPress(false);
    return () => screen.takeFocusOnPress(true);
  }, [screen]);

  const follow = (event: InputEvent) => {
    const { value } = event.currentTarget as HTMLTextAreaElement;
    const { erase, insert } = editBetween(before.current, value);
    before.current = value;
    for (let left = erase; left > 0; left -= 1) {
      keyboard.strike({ modifiers: [], code: "Backspace" });
    }
    keyboard.type(insert);
    const wornOut = value.length > longest || value.length < padding.length / 2;
    if (wornOut && !event.isComposing) {
      empty();
    }
  };

  /** Some keys come as keys: of a real keyboard, and those that write nothing. */
  const strike = (event: KeyboardEvent) => {
    // 229 says that a keyboard which composes has it.
    if (event.isComposing || event.keyCode === 229) {
      return;
    }
    const held = heldBy(event);
    const code = codeOf(event);
    const writes = event.key.length === 1 && held.length === 0;
    if (code !== null && !writes) {
      event.preventDefault();
      keyboard.strike({ modifiers: held, code });
    }
  };

  return (
    <section
      id="key-strip"
      aria-label={t("keys.strip")}
      onMouseDown={(event) => event.preventDefault()}
    >
      <textarea
        id="touch-input"
        ref={field}
        aria-label={t("touch.label")}
        autocapitalize="off"
        autocomplete="off"
        autocorrect="off"
        spellcheck={false}
        enterkeyhint="enter"
        rows={1}
        onInput={follow}
        onKeyDown={strike}
        onBlur={() => {
          // The person has closed the keyboard, or gone elsewhere.
          view.touchKeyboard.value = false;
        }}
      />
      {["Escape", "Tab"].map((code) => (
        <KeyButton key={code} keyboard={keyboard} chord={{ modifiers: [], code }} back={() => {}} />
      ))}
      <ModifierButtons keyboard={keyboard} only={stripModifiers} back={() => {}} />
      {stripKeys.map((code) => (
        <KeyButton key={code} keyboard={keyboard} chord={{ modifiers: [], code }} back={() => {}} />
      ))}
    </section>
  );
}

/** The place of a key that a page is told. Keyboards on glass know names, but no places. */
function codeOf({ code, key }: KeyboardEvent): string | null {
  return keyAt(code)?.code ?? keyAt(key)?.code ?? null;
}

function heldBy({ ctrlKey, altKey, metaKey, shiftKey, key }: KeyboardEvent): Modifier[] {
  const held: Modifier[] = [];
  if (ctrlKey) held.push("ControlLeft");
  if (altKey) held.push("AltLeft");
  if (metaKey) held.push("MetaLeft");
  // With a character, Shift is in the character.
  if (shiftKey && (key.length > 1 || held.length > 0)) held.push("ShiftLeft");
  return held;
}
