import en from "./en.json";

export type MessageKey = keyof typeof en;
export type Messages = Record<MessageKey, string>;
export type Translate = (key: MessageKey, values?: Record<string, string>) => string;

/** The languages of the pages, by their BCP 47 names in lower case. English comes with the page, others on demand. */
export const catalogues = {
  en: async (): Promise<Messages> => en,
  "zh-cn": async (): Promise<Messages> => (await import("./zh-cn.json")).default,
};

export type Language = keyof typeof catalogues;

export async function loadMessages(language: Language): Promise<Translate> {
  const messages = await catalogues[language]().catch(() => en);
  return (key, values = {}) =>
    messages[key].replace(/\{(\w+)\}/g, (placeholder, name) => values[name] ?? placeholder);
}

/** Fills in the words of the elements that name a message: `data-message` for the text, `data-label` for the label. */
export function fillIn(root: ParentNode, translate: Translate): void {
  for (const element of root.querySelectorAll<HTMLElement>("[data-message]")) {
    element.textContent = translate(element.dataset.message as MessageKey);
  }
  for (const element of root.querySelectorAll<HTMLElement>("[data-label]")) {
    const label = translate(element.dataset.label as MessageKey);
    element.setAttribute("aria-label", label);
  }
}
