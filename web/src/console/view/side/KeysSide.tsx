import { useState } from "preact/hooks";
import { t } from "../../../common/words.ts";
import { catchesShortcuts } from "../../fullscreen.ts";
import { functionKeys, legendOf } from "../../keyboard/keys.ts";
import { KeyButton, ModifierButtons } from "../KeyButtons.tsx";
import type { SideProps } from "../Side.tsx";
import { Composer } from "./Composer.tsx";
import { Group } from "./Group.tsx";

const singles = [
  "Escape",
  "Tab",
  "Enter",
  "Backspace",
  "Insert",
  "Delete",
  "PrintScreen",
  "Pause",
  "Home",
  "End",
  "PageUp",
  "PageDown",
  "ArrowLeft",
  "ArrowUp",
  "ArrowDown",
  "ArrowRight",
];

/** What a browser or its system would keep for itself. */
const shortcuts = [
  { modifiers: ["AltLeft"], code: "Tab" },
  { modifiers: ["AltLeft"], code: "F4" },
  { modifiers: ["ControlLeft"], code: "KeyW" },
  { modifiers: ["ControlLeft", "AltLeft"], code: "Backspace" },
] as const;

/** The letters of Linux' kernel for emergencies, in the order in which one would try them. */
const sysRqLetters = ["H", "R", "E", "I", "S", "U", "B", "F", "K", "T", "W", "M", "O"] as const;

/** Keys that a person has not, or that this browser or its system keeps to itself. */
export function KeysSide({ screen, back }: SideProps) {
  const { keyboard } = screen;
  return (
    <>
      <Group title={t("keys.held")} hint={t("keys.held.hint")}>
        <div class="keys modifiers">
          <ModifierButtons keyboard={keyboard} back={back} />
        </div>
      </Group>
      <Group title={t("keys.chords")}>
        <div class="keys two">
          <KeyButton
            id="ctrl-alt-del"
            keyboard={keyboard}
            chord={{ modifiers: ["ControlLeft", "AltLeft"], code: "Delete" }}
            back={back}
          />
          {shortcuts.map((chord) => (
            <KeyButton key={chord.code} keyboard={keyboard} chord={chord} back={back} />
          ))}
          <KeyButton
            keyboard={keyboard}
            chord={{ modifiers: ["MetaLeft"], code: null }}
            back={back}
          />
        </div>
      </Group>
      <Group title={t("keys.single")}>
        <div class="keys four">
          {singles.map((code) => (
            <KeyButton key={code} keyboard={keyboard} chord={{ modifiers: [], code }} back={back} />
          ))}
        </div>
        <div class="keys six">
          {functionKeys.map(({ code }) => (
            <KeyButton key={code} keyboard={keyboard} chord={{ modifiers: [], code }} back={back} />
          ))}
        </div>
      </Group>
      <Group title={t("keys.terminals")}>
        <div class="keys six">
          {functionKeys.map(({ code }) => (
            <KeyButton
              key={code}
              keyboard={keyboard}
              chord={{ modifiers: ["ControlLeft", "AltLeft"], code }}
              text={legendOf(code)}
              back={back}
            />
          ))}
        </div>
      </Group>
      <Composer keyboard={keyboard} back={back} />
      <SysRq keyboard={keyboard} back={back} />
      <p class="hint">{t("keys.hint")}</p>
      <p class="hint" id="kept-shortcuts">
        {t(catchesShortcuts() ? "keys.caught-in-full-screen" : "keys.kept-by-browser")}
      </p>
    </>
  );
}

function SysRq({ keyboard, back }: Pick<SideProps["screen"], "keyboard"> & { back: () => void }) {
  const [letter, setLetter] = useState<(typeof sysRqLetters)[number]>("H");
  const send = () => {
    // Linux takes the letter while Alt and SysRq are both down.
    keyboard.strikeWithin({ modifiers: ["AltLeft"], code: "PrintScreen" }, `Key${letter}`);
    back();
  };
  return (
    <Group title={t("keys.sysrq")} hint={t("keys.sysrq.hint")}>
      <div class="row">
        <select
          id="sysrq-letter"
          aria-label={t("keys.sysrq.letter")}
          value={letter}
          onChange={({ currentTarget }) => setLetter(currentTarget.value as typeof letter)}
        >
          {sysRqLetters.map((each) => (
            <option key={each} value={each}>{`${each} — ${t(`keys.sysrq.${each}`)}`}</option>
          ))}
        </select>
        <button type="button" id="sysrq-send" class="key" onClick={send}>
          {t("keys.send")}
        </button>
      </div>
    </Group>
  );
}
