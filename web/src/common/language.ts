import { catalogues, type Language } from "./messages/index.ts";

const languages = Object.keys(catalogues) as Language[];

/** Names that clouds put into links and that are no language tags. */
const aliases: Record<string, Language> = { cn: "zh-cn" };

/** The first of the wished-for languages that the pages speak: the link's, then the browser's, then English. */
export function chooseLanguage(link: string | null, browser: readonly string[]): Language {
  const wishes = link === null ? browser : [link, ...browser];
  return wishes.map(match).find((language) => language !== undefined) ?? "en";
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
