import { isModifier, keyAt, legendOf, type Modifier, modifiers } from "./keys.ts";

/** Keys that are struck together. */
export interface Chord {
  modifiers: readonly Modifier[];
  /** The place of the key that is struck while they are held. Null where they are struck alone. */
  code: string | null;
}

/** A key that goes down or up. */
export interface Stroke {
  code: string;
  down: boolean;
}

/** The strokes of a chord, while some modifiers are held already: those stay as they are. */
export function strokesOf(chord: Chord, held: readonly Modifier[] = []): Stroke[] {
  const press = modifiers.filter((code) => chord.modifiers.includes(code) && !held.includes(code));
  const struck = chord.code === null ? [] : [chord.code];
  return [
    ...[...press, ...struck].map((code) => ({ code, down: true })),
    ...[...struck, ...press.toReversed()].map((code) => ({ code, down: false })),
  ];
}

/** As people write it: `Ctrl+Alt+F2`. */
export function nameOf(chord: Chord): string {
  const held = modifiers.filter((code) => chord.modifiers.includes(code));
  return [...held, ...(chord.code === null ? [] : [chord.code])].map(legendOf).join("+");
}

export function isEmpty({ modifiers, code }: Chord): boolean {
  return modifiers.length === 0 && code === null;
}

/** The last chords with this one in front, each once. */
export function remember(chord: Chord, before: readonly Chord[], atMost = 5): Chord[] {
  const name = nameOf(chord);
  return [chord, ...before.filter((other) => nameOf(other) !== name)].slice(0, atMost);
}

/** Reads chords that were stored as JSON. Whatever is none is left out. */
export function readChords(text: string | null): Chord[] {
  let stored: unknown;
  try {
    stored = JSON.parse(text ?? "[]");
  } catch {
    return [];
  }
  return Array.isArray(stored) ? stored.flatMap(readChord) : [];
}

function readChord(stored: unknown): Chord[] {
  if (typeof stored !== "object" || stored === null) {
    return [];
  }
  const { modifiers: held, code } = stored as Record<string, unknown>;
  if (!Array.isArray(held) || !held.every((name) => typeof name === "string" && isModifier(name))) {
    return [];
  }
  const known = code === null || (typeof code === "string" && keyAt(code) !== null);
  const chord = { modifiers: held, code: code as string | null };
  return known && !isEmpty(chord) ? [chord] : [];
}
