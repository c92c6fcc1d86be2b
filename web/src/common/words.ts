import { signal } from "@preact/signals";
import en from "./messages/en.json";
import { type Language, loadMessages, type MessageKey, type Messages } from "./messages/index.ts";

/** What the pages speak. A component that reads it, or words by `t`, is drawn anew when it changes. */
export const language = signal<Language>("en");

const messages = signal<Messages>(en);

/** Changes what the pages speak. Where the words cannot be had, the page goes on in the language that it speaks. */
export async function speak(wanted: Language): Promise<void> {
  const loaded = await loadMessages(wanted);
  if (loaded !== null) {
    messages.value = loaded;
    language.value = wanted;
    document.documentElement.lang = wanted;
  }
}

/** The words for a message in the language of the page, with values in the place of `{names}`. */
export function t(key: MessageKey, values: Record<string, string> = {}): string {
  return messages.value[key].replace(
    /\{(\w+)\}/g,
    (placeholder, name) => values[name] ?? placeholder,
  );
}
