import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Icon } from "../../common/view/Icon.tsx";
import { t } from "../../common/words.ts";

interface Props {
  id: string;
  title: string;
  close: () => void;
  children: ComponentChildren;
}

/** Lies over a corner of the console, which stays in sight and in use. Escape closes it. */
export function Panel({ id, title, close, children }: Props) {
  const panel = useRef<HTMLElement>(null);
  // When it opens, and whenever what had the focus has gone with what was done: the keyboard must not be left nowhere.
  useEffect(() => {
    const element = panel.current;
    if (element === null) {
      return undefined;
    }
    const focus = () => {
      const first = element.querySelector<HTMLElement>("[data-first]") ?? element;
      first.focus({ preventScroll: true });
    };
    const watching = new MutationObserver(() => {
      if (document.activeElement === document.body) {
        focus();
      }
    });
    watching.observe(element, { childList: true, subtree: true });
    focus();
    return () => watching.disconnect();
  }, []);
  const closeByKey = (event: KeyboardEvent) => {
    if (event.key === "Escape") {
      event.stopPropagation();
      close();
    }
  };
  return (
    <section
      id={id}
      class="panel"
      role="dialog"
      aria-labelledby={`${id}-title`}
      tabIndex={-1}
      ref={panel}
      onKeyDown={closeByKey}
    >
      <div class="panel-head">
        <h2 id={`${id}-title`}>{title}</h2>
        <button type="button" class="tool" aria-label={t("panel.close")} onClick={close}>
          <Icon>
            <path d="M3.5 3.5l9 9M12.5 3.5l-9 9" />
          </Icon>
        </button>
      </div>
      {children}
    </section>
  );
}
