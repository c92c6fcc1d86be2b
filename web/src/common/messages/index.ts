import en from "./en.json";

/** A message that is said of a number of things, and so has a form for each way in which a language counts. */
export type CountedKey = CountedForm<keyof typeof en>;
type CountedForm<Key> = Key extends `${infer Counted}.other` ? Counted : never;

export type MessageKey = Exclude<keyof typeof en, `${CountedKey}.${"one" | "other"}`>;

/** The forms besides `other` are those of the language (`Intl.PluralRules`). */
export type Messages = Record<MessageKey | `${CountedKey}.other`, string>;

/** The languages of the pages, by their BCP 47 names in lower case. English comes with the page, others on demand. */
export const catalogues = {
  en: async (): Promise<Messages> => en,
  "zh-cn": async (): Promise<Messages> => (await import("./zh-cn.json")).default,
  de: async (): Promise<Messages> => (await import("./de.json")).default,
  fr: async (): Promise<Messages> => (await import("./fr.json")).default,
  es: async (): Promise<Messages> => (await import("./es.json")).default,
  pt: async (): Promise<Messages> => (await import("./pt.json")).default,
  ja: async (): Promise<Messages> => (await import("./ja.json")).default,
  ko: async (): Promise<Messages> => (await import("./ko.json")).default,
  ru: async (): Promise<Messages> => (await import("./ru.json")).default,
};

export type Language = keyof typeof catalogues;

/** What each calls itself. */
export const languageNames: Record<Language, string> = {
  en: "English",
  "zh-cn": "简体中文",
  de: "Deutsch",
  fr: "Français",
  es: "Español",
  pt: "Português",
  ja: "日本語",
  ko: "한국어",
  ru: "Русский",
};

/** Null where they cannot be had: the network is gone, or the gateway has newer files than this page. */
export function loadMessages(language: Language): Promise<Messages | null> {
  return catalogues[language]().catch(() => null);
}
