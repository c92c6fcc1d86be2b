import { catalogues, type Language } from "./messages/index.ts";
import { remember, remembered } from "./remember.ts";
import { language, speak } from "./words.ts";

export const languages = Object.keys(catalogues) as Language[];

/** Names that clouds put into links and that are no language tags. */
const aliases: Record<string, Language> = { cn: "zh-cn", jp: "ja", kr: "ko" };

/** The first of the wished-for languages that the pages speak: the link's, then the person's, then English. */
export function chooseLanguage(link: string | null, person: readonly string[]): Language {
  const wishes = link === null ? person : [link, ...person];
  return wishes.map(match).find((spoken) => spoken !== undefined) ?? "en";
}

/** What the person at this browser would have: what was chosen on a page before, then the browser's settings. */
export function wishedLanguages(): string[] {
  const chosen = remembered("language");
  return chosen === null ? [...navigator.languages] : [chosen, ...navigator.languages];
}

/** Speaks another language from now on: here, on the next page, and here again when the page is loaded anew. */
export async function changeLanguage(chosen: Language): Promise<void> {
  await speak(chosen);
  if (language.value !== chosen) {
    return;
  }
  remember("language", chosen);
  // The address would decide otherwise.
  const page = new URL(location.href);
  if (page.searchParams.has("lang")) {
    page.searchParams.set("lang", chosen);
    history.replaceState(history.state, "", page);
  }
}

/** Matches `zh_CN`, `zh-CN`, `CN` and, for want of anything closer, every other variety of the same language. */
function match(wish: string): Language | undefined {
  const tag = wish.toLowerCase().replaceAll("_", "-");
  const [primary] = tag.split("-");
  return (
    languages.find((spoken) => spoken === tag) ??
    aliases[tag] ??
    languages.find((spoken) => spoken.split("-")[0] === primary)
  );
}
