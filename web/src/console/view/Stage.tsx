import { useComputed, useSignal, useSignalEffect } from "@preact/signals";
import type { RefObject } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { t } from "../../common/words.ts";
import { fittingScale, isCrisp, layoutFor, pinched, type Size, scaleOf } from "../display/zoom.ts";
import type { LiveConsole } from "../live.ts";
import { Hand } from "./Hand.tsx";
import type { ViewState } from "./state.ts";

/** How long a window must have kept its size before the server is asked to follow, in milliseconds. */
const settledMs = 400;

const nothing: Size = { width: 0, height: 0 };

interface Props {
  live: LiveConsole;
  view: ViewState;
  screen: RefObject<HTMLDivElement | null>;
  /** What is added to the names of its elements, where there are several. */
  suffix: string;
}

/**
 * Where the screen lies. noVNC scales the picture to whatever size its element has; so the element is as large as the
 * picture is to be, and this scrolls where that is more than there is room for.
 */
export function Stage({ live, view, screen, suffix }: Props) {
  const label = live.access.value?.type === "serial" ? "terminal.label" : "screen.label";
  const pan = useRef<HTMLDivElement>(null);
  const place = usePlace(pan);
  const shown = live.connection.value?.screen;
  const size = shown?.size.value ?? nothing;
  const zoom = view.zoom.value;
  const filled = zoom === "fit" && view.matching.value;
  const density = useDensity().value;
  const layout = filled
    ? { size: null, crisp: isCrisp(fittingScale(size, place.value), density) }
    : layoutFor(zoom, size, place.value, density);
  const width = layout.size?.width ?? null;
  const height = layout.size?.height ?? null;
  const keptPoint = useRef<Point | null>(null);

  useLayoutEffect(() => {
    const [element, frame] = [screen.current, pan.current];
    if (element !== null && frame !== null) {
      element.style.width = width === null ? "100%" : `${width}px`;
      element.style.height = height === null ? "100%" : `${height}px`;
      scrollTo(frame, element, keptPoint.current);
      keptPoint.current = null;
    }
  }, [width, height]);

  useSignalEffect(() => {
    const { width, height } = place.value;
    const screenToResize = live.connection.value?.screen;
    if (!view.matching.value || width === 0 || height === 0 || screenToResize === undefined) {
      return undefined;
    }
    // Read, so that it is asked once it is known that it can.
    screenToResize.resizing.value;
    const timer = setTimeout(() => screenToResize.resizeToPlace(), settledMs);
    return () => clearTimeout(timer);
  });

  const zoomTo = (factor: number, from: number, at: { x: number; y: number }) => {
    const [element] = [screen.current];
    if (element === null) {
      return;
    }
    keptPoint.current = pointAt(element, at);
    view.zoom.value = pinched(from, factor, fittingScale(size, place.peek()));
  };
  usePinch(pan, () => scaleOf(view.zoom.peek(), size, place.peek(), density), zoomTo);

  const larger =
    width !== null && (width > place.value.width || (height ?? 0) > place.value.height);
  return (
    <>
      <div id={`pan${suffix}`} class={larger ? "pan larger" : "pan"} ref={pan}>
        {/* What is inside belongs to the console's own library. */}
        <div
          id={`screen${suffix}`}
          class={layout.crisp ? "screen crisp" : "screen"}
          role="application"
          aria-label={t(label)}
          ref={screen}
        />
      </div>
      {larger && view.hand.value && <Hand pan={pan} />}
    </>
  );
}

function usePlace(element: RefObject<HTMLElement | null>) {
  const place = useSignal(nothing);
  useEffect(() => {
    const target = element.current;
    if (target === null) {
      return undefined;
    }
    // Not what is left beside scroll bars: those come and go with the size that is worked out from this.
    const look = () => {
      place.value = { width: target.offsetWidth, height: target.offsetHeight };
    };
    const observer = new ResizeObserver(look);
    observer.observe(target);
    look();
    return () => observer.disconnect();
  }, []);
  return useComputed(() => place.value);
}

/** Screen pixels to a CSS pixel. It changes as a window is moved to another screen, or zoomed by its browser. */
function useDensity() {
  const density = useSignal(devicePixelRatio);
  useEffect(() => {
    const query = matchMedia(`(resolution: ${density.value}dppx)`);
    const look = () => {
      density.value = devicePixelRatio;
    };
    query.addEventListener("change", look);
    return () => query.removeEventListener("change", look);
  }, [density.value]);
  return density;
}

interface Point {
  /** Of the picture's width and height. */
  fractionX: number;
  fractionY: number;
  /** Where it is in the window. */
  x: number;
  y: number;
}

function pointAt(element: HTMLElement, { x, y }: { x: number; y: number }): Point {
  const { left, top, width, height } = element.getBoundingClientRect();
  return { fractionX: (x - left) / width, fractionY: (y - top) / height, x, y };
}

/** Scrolls so that the point is where it was. */
function scrollTo(frame: HTMLElement, element: HTMLElement, point: Point | null): void {
  if (point !== null) {
    const { left, top, width, height } = element.getBoundingClientRect();
    frame.scrollLeft += left + point.fractionX * width - point.x;
    frame.scrollTop += top + point.fractionY * height - point.y;
  }
}

interface Gesture {
  type: string;
  clientX: number;
  clientY: number;
  magnitudeX?: number;
  magnitudeY?: number;
}

/** Two fingers that part make the picture larger here; noVNC would turn the wheel at the server with Ctrl held. */
function usePinch(
  pan: RefObject<HTMLElement | null>,
  scale: () => number,
  zoomTo: (factor: number, from: number, at: { x: number; y: number }) => void,
): void {
  const latest = useRef({ scale, zoomTo });
  latest.current = { scale, zoomTo };
  useEffect(() => {
    const target = pan.current;
    let began = { spread: 1, scale: 1 };
    const follow = (event: Event) => {
      const gesture = (event as CustomEvent<Gesture>).detail;
      if (gesture?.type !== "pinch") {
        return;
      }
      event.stopPropagation();
      const spread = Math.max(1, Math.hypot(gesture.magnitudeX ?? 0, gesture.magnitudeY ?? 0));
      if (event.type === "gesturestart") {
        began = { spread, scale: latest.current.scale() };
      } else if (event.type === "gesturemove") {
        const at = { x: gesture.clientX, y: gesture.clientY };
        latest.current.zoomTo(spread / began.spread, began.scale, at);
      }
    };
    const names = ["gesturestart", "gesturemove", "gestureend"];
    for (const name of names) {
      target?.addEventListener(name, follow, { capture: true });
    }
    return () => {
      for (const name of names) {
        target?.removeEventListener(name, follow, { capture: true });
      }
    };
  }, []);
}
