/** Width and height, in whatever unit is said with it. */
export interface Size {
  width: number;
  height: number;
}

/** How the picture lies on the page. */
export interface Layout {
  /** In CSS pixels; null where it fills its place, and is scaled to fit. */
  size: Size | null;
  /** Whether each pixel of the server is to be drawn as a square of whole screen pixels. */
  crisp: boolean;
}

/** How large the picture is: as fits, or so many times the server's own size. */
export type Zoom = "fit" | number;

/** What people choose from, in CSS pixels for each of the server's. */
const steps = [0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4] as const;

/** How much of the best fit may be given up for whole pixels. */
const crispLoss = 0.1;

/** CSS pixels for each of the server's, so that it fits. */
export function fittingScale(server: Size, place: Size): number {
  return Math.min(place.width / server.width, place.height / server.height);
}

/**
 * The nearest scale at which each of the server's pixels is a whole number of the screen's, of which there are `density`
 * to a CSS pixel. Below one there is none.
 */
export function crispScale(scale: number, density: number): number {
  return Math.max(1, Math.round(scale * density)) / density;
}

export function layoutFor(zoom: Zoom, server: Size, place: Size, density: number): Layout {
  if (server.width === 0 || server.height === 0) {
    return { size: null, crisp: false };
  }
  if (zoom === "fit") {
    return filling(server, place, density);
  }
  const scale = Number.isInteger(zoom) ? crispScale(zoom, density) : zoom;
  return { size: times(server, scale), crisp: isCrisp(scale, density) };
}

/** Fills the place, unless a little less of it makes the picture sharp. */
function filling(server: Size, place: Size, density: number): Layout {
  const best = fittingScale(server, place);
  const whole = Math.floor(best * density) / density;
  return whole > 0 && whole >= best * (1 - crispLoss)
    ? { size: times(server, whole), crisp: true }
    : { size: null, crisp: false };
}

export function isCrisp(scale: number, density: number): boolean {
  const pixels = scale * density;
  return pixels >= 1 && Math.abs(pixels - Math.round(pixels)) < 0.001;
}

function times({ width, height }: Size, scale: number): Size {
  return { width: width * scale, height: height * scale };
}

/** The scale at which the picture is shown now. */
export function scaleOf(zoom: Zoom, server: Size, place: Size, density: number): number {
  const { size } = layoutFor(zoom, server, place, density);
  return size === null ? fittingScale(server, place) : size.width / server.width;
}

/** The next step from where it is: up or down. Past the last one it stays. */
export function stepFrom(scale: number, direction: 1 | -1): number {
  const near = 0.01;
  const next =
    direction === 1
      ? steps.find((step) => step > scale + near)
      : steps.findLast((step) => step < scale - near);
  return next ?? steps.at(direction === 1 ? -1 : 0) ?? 1;
}

/** The scale that two fingers lead to, held between what fits and the largest step. */
export function pinched(from: number, factor: number, fitting: number): Zoom {
  const scale = Math.min(from * factor, steps.at(-1) ?? 4);
  return scale <= fitting ? "fit" : scale;
}
