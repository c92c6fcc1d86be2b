import en from "./en.json";

export type MessageKey = keyof typeof en;
export type Messages = Record<MessageKey, string>;

/** The languages of the pages, by their BCP 47 names in lower case. English comes with the page, others on demand. */
export const catalogues = {
  en: async (): Promise<Messages> => en,
  "zh-cn": async (): Promise<Messages> => (await import("./zh-cn.json")).default,
};

export type Language = keyof typeof catalogues;

/** Null where they cannot be had: the network is gone, or the gateway has newer files than this page. */
export function loadMessages(language: Language): Promise<Messages | null> {
  return catalogues[language]().catch(() => null);
}
