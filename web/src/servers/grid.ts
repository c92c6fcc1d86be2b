/** How a list is laid out, in CSS pixels. */
export interface Grid {
  columns: number;
  /** Of one item. */
  width: number;
  height: number;
  gap: number;
}

export type Layout = "tiles" | "rows";

/** The narrowest tile, in rem. */
const narrowest = 15.5;
/** The widest, where there are few. */
const widest = 26;
/** What stands below a tile's picture, in rem. */
const caption = 4.75;
/** Of a row, in rem, where there is room for one line and where it takes two. */
const rowHeight = { wide: 3.25, narrow: 4.25 };
const narrowBelow = 40;

/** Tiles fill the width, and as many as fit stand side by side; a few are larger, up to a size that is enough. */
export function gridFor(layout: Layout, width: number, rem: number, count: number): Grid {
  if (layout === "rows") {
    const height = (width < narrowBelow * rem ? rowHeight.narrow : rowHeight.wide) * rem;
    return { columns: 1, width, height, gap: 0 };
  }
  const gap = rem;
  const fit = Math.max(1, Math.floor((width + gap) / (narrowest * rem + gap)));
  const columns = Math.max(1, Math.min(fit, count));
  const tile = Math.min((width - gap * (columns - 1)) / columns, widest * rem);
  return { columns, width: tile, height: (tile * 10) / 16 + caption * rem, gap };
}

/** The first item in sight and the first beyond it, with a few rows to spare on both sides. */
export function inSight(
  { columns, height, gap }: Grid,
  count: number,
  top: number,
  bottom: number,
): [number, number] {
  const spare = 2;
  const pitch = height + gap;
  const first = Math.max(0, Math.floor(top / pitch) - spare) * columns;
  const end = (Math.ceil(bottom / pitch) + spare) * columns;
  return [Math.min(first, count), Math.max(0, Math.min(end, count))];
}

export function placeOf(
  { columns, width, height, gap }: Grid,
  index: number,
): { x: number; y: number } {
  return {
    x: (index % columns) * (width + gap),
    y: Math.floor(index / columns) * (height + gap),
  };
}

/** How high the whole list is. */
export function heightOf({ columns, height, gap }: Grid, count: number): number {
  const rows = Math.ceil(count / columns);
  return rows === 0 ? 0 : rows * height + (rows - 1) * gap;
}

/** The item that a key leads to from this one; null: the key leads nowhere. */
export function step(
  key: string,
  index: number,
  columns: number,
  rows: number,
  count: number,
): number | null {
  const last = count - 1;
  const to = (target: number) => Math.max(0, Math.min(last, target));
  switch (key) {
    case "ArrowRight":
      return to(index + 1);
    case "ArrowLeft":
      return to(index - 1);
    case "ArrowDown":
      return index + columns <= last ? index + columns : index;
    case "ArrowUp":
      return index - columns >= 0 ? index - columns : index;
    case "PageDown":
      return to(index + columns * rows);
    case "PageUp":
      return to(index - columns * rows);
    case "Home":
      return 0;
    case "End":
      return last;
    default:
      return null;
  }
}
