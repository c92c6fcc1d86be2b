import { Icon } from "../../../common/view/Icon.tsx";
import { t } from "../../../common/words.ts";
import type { LiveConsole } from "../../live.ts";

export function Disconnect({ live }: { live: LiveConsole }) {
  const label = t("toolbar.disconnect");
  return (
    <button
      type="button"
      id="disconnect"
      class="tool"
      aria-label={label}
      onClick={() => live.disconnect()}
    >
      <Icon>
        <path d="M8 1.5v6M4.5 3.8a5.5 5.5 0 1 0 7 0" />
      </Icon>
      <span class="label">{label}</span>
    </button>
  );
}
