import { useState } from "preact/hooks";
import { Icon } from "../../../common/view/Icon.tsx";
import { Menu } from "../../../common/view/Menu.tsx";
import { t } from "../../../common/words.ts";
import type { TerminalTools } from "../../connection.ts";
import type { LiveConsole } from "../../live.ts";

const icon = (
  <Icon>
    <rect x="1.5" y="2.5" width="13" height="11" rx="1.5" />
    <path d="M4.5 6l2 2-2 2M8.5 10.5h3" />
  </Icon>
);

/** Keys that browsers keep to themselves and no page can have, with what a terminal sends for them. */
const stolen = [
  ["Ctrl+W", "\x17"],
  ["Ctrl+T", "\x14"],
  ["Ctrl+N", "\x0e"],
] as const;

interface Props {
  live: LiveConsole;
  terminal: TerminalTools;
  watching: boolean;
}

/** What can be done with a terminal, with the keys that do it. */
export function TerminalMenu({ live, terminal, watching }: Props) {
  return (
    <Menu id="terminal" label={t("terminal.menu")} icon={icon}>
      {(close) => {
        const item = (id: string, words: string, act: () => void, keys?: string) => (
          <button
            type="button"
            id={id}
            class="menu-item"
            onClick={() => {
              close();
              act();
            }}
          >
            {words}
            {keys !== undefined && <kbd>{keys}</kbd>}
          </button>
        );
        return (
          <>
            <div class="menu-part">
              {item("find", t("terminal.find"), () => terminal.openFind(), "Ctrl+Shift+F")}
              {item("copy", t("terminal.copy"), () => void terminal.copy(), "Ctrl+Shift+C")}
              {!watching &&
                item("paste", t("terminal.paste"), () => void terminal.paste(), "Ctrl+Shift+V")}
            </div>
            {!watching && <Sending live={live} terminal={terminal} item={item} />}
            <label class="menu-item">
              <input
                type="checkbox"
                id="screen-reader"
                checked={terminal.readsAloud.value}
                onChange={({ currentTarget }) => terminal.readAloud(currentTarget.checked)}
              />
              {t("terminal.reader")}
            </label>
            <p class="hint">{t(watching ? "terminal.hint-watching" : "terminal.hint")}</p>
          </>
        );
      }}
    </Menu>
  );
}

interface SendingProps {
  live: LiveConsole;
  terminal: TerminalTools;
  item: (id: string, words: string, act: () => void) => preact.JSX.Element;
}

/** What is sent into the server. */
function Sending({ live, terminal, item }: SendingProps) {
  const [failed, setFailed] = useState(false);
  const canBreak = live.access.value?.consoles.some(
    ({ type, canBreak }) => type === "serial" && canBreak,
  );
  const sendBreak = async () => {
    setFailed(!(await live.sendBreak()));
    live.focus();
  };
  const { columns, rows } = terminal.size.value;
  const command = `stty rows ${rows} columns ${columns}`;
  return (
    <div class="menu-part">
      {stolen.map(([keys, sent]) =>
        item(`send-${keys.at(-1)?.toLowerCase()}`, t("terminal.send", { keys }), () =>
          terminal.type(sent),
        ),
      )}
      {canBreak && item("break", t("terminal.break"), () => void sendBreak())}
      {failed && (
        <p class="hint" role="alert">
          {t("terminal.break-failed")}
        </p>
      )}
      {item("size", t("terminal.size", { command }), () => terminal.type(command))}
    </div>
  );
}
