import { Icon } from "../../../common/view/Icon.tsx";
import { Menu } from "../../../common/view/Menu.tsx";
import { t } from "../../../common/words.ts";
import type { LiveConsole } from "../../live.ts";

const icon = (
  <Icon>
    <rect x="1" y="3.5" width="14" height="9" rx="1.5" />
    <path d="M4 6.5h.01M8 6.5h.01M12 6.5h.01M5 9.5h6" />
  </Icon>
);

/** Keys that this browser or its system keeps to itself. */
export function Keys({ live }: { live: LiveConsole }) {
  const sendCtrlAltDel = (close: () => void) => {
    close();
    live.connection.value?.sendCtrlAltDel();
    live.focus();
  };
  return (
    <Menu id="keys" label={t("toolbar.keys")} icon={icon}>
      {(close) => (
        <>
          <button
            type="button"
            id="ctrl-alt-del"
            class="menu-item"
            onClick={() => sendCtrlAltDel(close)}
          >
            {t("keys.ctrl-alt-del")}
          </button>
          <p class="hint">{t("keys.hint")}</p>
        </>
      )}
    </Menu>
  );
}
