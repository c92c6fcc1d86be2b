import { useEffect } from "preact/hooks";
import { Icon } from "../../common/view/Icon.tsx";
import { t } from "../../common/words.ts";
import { hint } from "./panels.ts";

const shownMs = 12_000;

/** A word about what just happened, and what can be done with it. It goes by itself. */
export function Hint() {
  const shown = hint.value;
  const close = () => {
    hint.value = null;
  };
  useEffect(() => {
    if (shown === null) {
      return undefined;
    }
    const timer = setTimeout(() => {
      if (hint.value === shown) {
        close();
      }
    }, shownMs);
    return () => clearTimeout(timer);
  }, [shown]);
  return (
    <div id="hint" role="status" data-shown={shown !== null}>
      {shown !== null && (
        <>
          <p>{shown.text}</p>
          {shown.action !== undefined && (
            <button type="button" class="quiet" id="hint-action" onClick={shown.action.run}>
              {shown.action.label}
            </button>
          )}
          <button type="button" class="tool" aria-label={t("panel.close")} onClick={close}>
            <Icon>
              <path d="M3.5 3.5l9 9M12.5 3.5l-9 9" />
            </Icon>
          </button>
        </>
      )}
    </div>
  );
}
