import { remember, remembered } from "../../common/remember.ts";
import { language, t } from "../../common/words.ts";

/** The keyboards that are usual where a browser speaks a language, by the gateway's names; the closest tag counts. */
const usual: Record<string, string> = {
  en: "en-us",
  "en-gb": "en-gb",
  "en-ie": "en-gb",
  de: "de",
  "de-ch": "de-ch",
  "de-li": "de-ch",
  fr: "fr",
  "fr-ch": "fr-ch",
  es: "es",
  it: "it",
  "it-ch": "fr-ch",
  ja: "ja",
  pt: "pt-br",
  ru: "ru",
  tr: "tr",
};

/** The layout that a server has been said to have, or else the one that is usual where its viewer's browser comes from. */
export function layoutFor(
  server: string,
  layouts: readonly string[],
  browser: readonly string[] = navigator.languages,
): string {
  const wishes = [
    remembered(`layout.${server}`),
    ...browser
      .slice(0, 1)
      .map((tag) => tag.toLowerCase())
      .map((tag) => usual[tag] ?? usual[tag.split("-")[0] ?? ""]),
    "en-us",
  ];
  return wishes.find((wish) => wish && layouts.includes(wish)) ?? layouts[0] ?? "en-us";
}

export function rememberLayout(server: string, layout: string): void {
  remember(`layout.${server}`, layout);
}

const names = {
  de: "layout.de",
  "de-ch": "layout.de-ch",
  "de-nodeadkeys": "layout.de-nodeadkeys",
  "en-gb": "layout.en-gb",
  "en-us": "layout.en-us",
  es: "layout.es",
  fr: "layout.fr",
  "fr-ch": "layout.fr-ch",
  it: "layout.it",
  ja: "layout.ja",
  "pt-br": "layout.pt-br",
  ru: "layout.ru",
  tr: "layout.tr",
} as const;

/** The layouts with their names in the language of the page, in its order. One that the page does not know has its own. */
export function namedLayouts(layouts: readonly string[]): { layout: string; name: string }[] {
  return layouts
    .map((layout) => {
      const key = Object.hasOwn(names, layout) ? names[layout as keyof typeof names] : null;
      return { layout, name: key === null ? layout : t(key) };
    })
    .sort((a, b) => a.name.localeCompare(b.name, language.value));
}
