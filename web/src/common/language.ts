import { catalogues, type Language } from "./messages/index.ts";
import { remember, remembered } from "./remember.ts";

export const languages = Object.keys(catalogues) as Language[];

/** Names that clouds put into links and that are no language tags. */
const aliases: Record<string, Language> = { cn: "zh-cn", jp: "ja", kr: "ko" };

/** The first of the wished-for languages that the pages speak: the link's, then the person's, then English. */
export function chooseLanguage(link: string | null, person: readonly string[]): Language {
  const wishes = link === null ? person : [link, ...person];
  return wishes.map(match).find((language) => language !== undefined) ?? "en";
}

/** What the person at this browser would have: what was chosen on a page before, then the browser's settings. */
export function wishedLanguages(): string[] {
  const chosen = remembered("language");
  return chosen === null ? [...navigator.languages] : [chosen, ...navigator.languages];
}

/** Keeps a choice for the next page, and for this one when it is loaded again: its address would decide otherwise. */
export function rememberLanguage(language: Language): void {
  remember("language", language);
  const page = new URL(location.href);
  if (page.searchParams.has("lang")) {
    page.searchParams.set("lang", language);
    history.replaceState(history.state, "", page);
  }
}

/** Matches `zh_CN`, `zh-CN`, `CN` and, for want of anything closer, every other variety of the same language. */
function match(wish: string): Language | undefined {
  const tag = wish.toLowerCase().replaceAll("_", "-");
  const [primary] = tag.split("-");
  return (
    languages.find((language) => language === tag) ??
    aliases[tag] ??
    languages.find((language) => language.split("-")[0] === primary)
  );
}
