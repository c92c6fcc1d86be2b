import { useRef, useState } from "preact/hooks";
import { t } from "../../common/words.ts";
import type { ViewState } from "./state.ts";

/** How far a press may wander before it is a drag, in CSS pixels. */
const slack = 6;
const step = 5;

/**
 * Calls the bar back where it has no place of its own. It can be moved along the edge, off whatever it covers: by
 * dragging, or by the arrow keys.
 */
export function Handle({ view }: { view: ViewState }) {
  const [at, setAt] = useState(50);
  const drag = useRef<{ from: number; at: number; moved: boolean } | null>(null);
  const handle = useRef<HTMLButtonElement>(null);
  const place = (percent: number) => {
    const held = Math.min(94, Math.max(6, percent));
    setAt(held);
    handle.current?.style.setProperty("left", `${held}%`);
  };
  const call = () => {
    view.barCalled.value = true;
  };
  return (
    <button
      type="button"
      id="handle"
      ref={handle}
      aria-label={t("toolbar.show-bar")}
      title={t("toolbar.show-bar")}
      onMouseDown={(event) => event.preventDefault()}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        drag.current = { from: event.clientX, at, moved: false };
      }}
      onPointerMove={({ clientX }) => {
        const begun = drag.current;
        if (begun !== null && (begun.moved || Math.abs(clientX - begun.from) > slack)) {
          begun.moved = true;
          place(begun.at + ((clientX - begun.from) / window.innerWidth) * 100);
        }
      }}
      onClick={() => {
        if (drag.current?.moved !== true) {
          call();
        }
        drag.current = null;
      }}
      onKeyDown={({ key }) => {
        if (key === "ArrowLeft" || key === "ArrowRight") {
          place(at + (key === "ArrowLeft" ? -step : step));
        }
      }}
    />
  );
}
