import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

interface Props {
  id: string;
  label: string;
  icon: ComponentChildren;
  children: (close: () => void) => ComponentChildren;
}

/** A button of a bar with a menu below it. A click or a focus elsewhere closes it, and so does Escape. */
export function Menu({ id, label, icon, children }: Props) {
  const menu = useRef<HTMLDetailsElement>(null);
  const close = () => {
    if (menu.current !== null) {
      menu.current.open = false;
    }
  };
  useEffect(() => {
    const closeFromOutside = ({ target }: Event) => {
      if (!(target instanceof Node && menu.current?.contains(target))) {
        close();
      }
    };
    document.addEventListener("pointerdown", closeFromOutside);
    document.addEventListener("focusin", closeFromOutside);
    return () => {
      document.removeEventListener("pointerdown", closeFromOutside);
      document.removeEventListener("focusin", closeFromOutside);
    };
  }, []);
  return (
    <details
      id={id}
      class="menu-of-bar"
      ref={menu}
      onKeyDown={({ key }) => {
        if (key === "Escape" && menu.current?.open) {
          close();
          menu.current.querySelector("summary")?.focus();
        }
      }}
    >
      <summary class="tool" aria-label={label}>
        {icon}
        <span class="label">{label}</span>
      </summary>
      <div class="menu">{children(close)}</div>
    </details>
  );
}
