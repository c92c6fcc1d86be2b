import { signal } from "@preact/signals";
import en from "./messages/en.json";
import {
  type CountedKey,
  type Language,
  loadMessages,
  type MessageKey,
  type Messages,
} from "./messages/index.ts";

/** What the pages speak. A component that reads it, or words by `t`, is drawn anew when it changes. */
export const language = signal<Language>("en");

const messages = signal<Messages>(en);

/** What was wanted last: words that come later than those of a later choice are not spoken. */
let lastWanted: Language | null = null;

/** Changes what the pages speak. Where the words cannot be had, the page goes on in the language that it speaks. */
export async function speak(wanted: Language): Promise<void> {
  lastWanted = wanted;
  const loaded = await loadMessages(wanted);
  if (loaded !== null && wanted === lastWanted) {
    messages.value = loaded;
    language.value = wanted;
    document.documentElement.lang = Intl.getCanonicalLocales(wanted)[0] ?? wanted;
  }
}

/** The words for a message in the language of the page, with values in the place of `{names}`. */
export function t(key: MessageKey, values: Record<string, string> = {}): string {
  return fill(messages.value[key], values);
}

/** The words for a number of things, in the form that the language has for it; `{count}` is the number. */
export function tCount(
  key: CountedKey,
  count: number,
  values: Record<string, string> = {},
): string {
  const form = new Intl.PluralRules(language.value).select(count);
  const words: Partial<Record<string, string>> = messages.value;
  const text = words[`${key}.${form}`] ?? messages.value[`${key}.other`];
  return fill(text, { ...values, count: number(count) });
}

/** A number as the language writes it. */
export function number(value: number): string {
  return new Intl.NumberFormat(language.value).format(value);
}

/** Some time in words, in the unit that says most: `40 seconds`, `4 minutes`. */
export function duration(seconds: number): string {
  const [value, unit] =
    seconds < 60
      ? [Math.max(1, Math.ceil(seconds)), "second"]
      : [Math.ceil(seconds / 60), "minute"];
  return inUnit(value, unit, "long");
}

/** An amount of data, such as `10 MB`. */
export function bytes(amount: number): string {
  const units = ["byte", "kilobyte", "megabyte"];
  const step = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, amount)) / 3));
  return inUnit(amount / 1000 ** step, units[step] ?? "byte", "short");
}

function inUnit(value: number, unit: string, unitDisplay: "long" | "short"): string {
  const options = { style: "unit", unit, unitDisplay, maximumSignificantDigits: 3 } as const;
  return new Intl.NumberFormat(language.value, options).format(value);
}

function fill(text: string, values: Record<string, string>): string {
  return text.replace(/\{(\w+)\}/g, (placeholder, name) => values[name] ?? placeholder);
}
