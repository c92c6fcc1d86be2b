import type { RefObject } from "preact";
import { useRef } from "preact/hooks";
import { t } from "../../common/words.ts";

const stepPx = 60;

const steps: Record<string, [number, number]> = {
  ArrowLeft: [-stepPx, 0],
  ArrowRight: [stepPx, 0],
  ArrowUp: [0, -stepPx],
  ArrowDown: [0, stepPx],
};

/** Lies over a picture that is larger than its place, and moves it: by dragging, the wheel, or the arrow keys. */
export function Hand({ pan }: { pan: RefObject<HTMLElement | null> }) {
  const last = useRef<{ x: number; y: number } | null>(null);
  const move = (x: number, y: number) => pan.current?.scrollBy(x, y);
  return (
    <div
      id="hand"
      role="application"
      aria-label={t("view.hand.label")}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys work on it.
      tabIndex={0}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        last.current = { x: event.clientX, y: event.clientY };
      }}
      onPointerMove={({ clientX, clientY }) => {
        if (last.current !== null) {
          move(last.current.x - clientX, last.current.y - clientY);
          last.current = { x: clientX, y: clientY };
        }
      }}
      onPointerUp={() => {
        last.current = null;
      }}
      onPointerCancel={() => {
        last.current = null;
      }}
      onWheel={({ deltaX, deltaY }) => move(deltaX, deltaY)}
      onKeyDown={(event) => {
        const step = steps[event.key];
        if (step !== undefined) {
          event.preventDefault();
          move(...step);
        }
      }}
    />
  );
}
