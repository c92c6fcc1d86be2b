import { describe, expect, it, vi } from "vitest";
import en from "../src/common/messages/en.json";
import { catalogues, type Language } from "../src/common/messages/index.ts";
import { bytes, duration, speak, t, tCount } from "../src/common/words.ts";
import { reasons } from "../src/console/reasons.ts";

const languages = Object.keys(catalogues) as Language[];
/** `typing.count` for `typing.count.few`, where that is a form of a message that counts. */
const counted = (key: string): string | undefined => {
  const [, base] = key.match(/^(.+)\.(zero|one|two|few|many|other)$/) ?? [];
  return base !== undefined && `${base}.other` in en ? base : undefined;
};
/** The same message in English. */
const english = (key: string): string =>
  (en as Record<string, string>)[key] ??
  (en as Record<string, string>)[`${counted(key)}.other`] ??
  "";
/** What is the same in several languages, and may be. */
const international = new Set(["Error", "Console", "SPICE", "Zoom"]);
const placeholders = (text: string) => (text.match(/\{\w+\}/g) ?? []).sort();

describe.each(languages)("the messages in %s", async (language) => {
  const messages: Record<string, string> = await catalogues[language]();

  const forms = new Set(
    Array.from({ length: 1001 }, (_, count) => new Intl.PluralRules(language).select(count)),
  );

  it("are the same as the English ones, with every form in which the language counts", () => {
    const keys = new Set(Object.keys(en).map((key) => counted(key) ?? key));
    const wanted = [...keys].flatMap((key) =>
      `${key}.other` in en ? [...forms, "other"].map((form) => `${key}.${form}`) : [key],
    );
    expect(Object.keys(messages).sort()).toEqual([...new Set(wanted)].sort());
  });

  it("all say something, with the same placeholders", () => {
    for (const [key, text] of Object.entries(messages)) {
      expect(text.trim(), key).not.toBe("");
      // Where there is but one of a thing, a language may have a word for that.
      const own = placeholders(text).filter((name) => !key.endsWith(".one") || name !== "{count}");
      const same = placeholders(english(key));
      expect(own, key).toEqual(key.endsWith(".one") ? same.filter((n) => n !== "{count}") : same);
    }
  });

  it.runIf(language !== "en")("leave nothing in English", () => {
    const left = Object.entries(messages).filter(
      ([key, text]) => text === english(key) && !international.has(text),
    );
    expect(left).toEqual([]);
    // Words that are no names, and that no translation has.
    const words = /\b(the|your|and|this|with|which)\b/i;
    expect(Object.entries(messages).filter(([, text]) => words.test(text))).toEqual([]);
  });

  it.each(reasons)("have words for %s", (reason) => {
    expect(messages[`ended.${reason}.what`]).toMatch(/\S/);
    expect(messages[`ended.${reason}.next`]).toMatch(/\S/);
  });
});

describe("a number of things", () => {
  it.each<[Language, number, string]>([
    ["en", 1, "1 viewer"],
    ["en", 2, "2 viewers"],
    ["en", 1234, "1,234 viewers"],
    ["de", 1234, "1.234 Betrachter"],
    ["ru", 1, "1 зритель"],
    ["ru", 3, "3 зрителя"],
    ["ru", 5, "5 зрителей"],
    ["ru", 21, "21 зритель"],
    ["zh-cn", 1, "1 人正在查看"],
  ])("is said in %s of %d", async (wanted, count, words) => {
    vi.stubGlobal("document", { documentElement: {} });
    await speak(wanted);
    expect(tCount("viewers", count)).toBe(words);
    await speak("en");
    vi.unstubAllGlobals();
  });
});

describe("an amount", () => {
  it("is said in the unit that says most", () => {
    expect([0.2, 59, 61, 600].map(duration)).toEqual([
      "1 second",
      "59 seconds",
      "2 minutes",
      "10 minutes",
    ]);
    expect([12, 4_000, 10_000_000].map(bytes)).toEqual(["12 byte", "4 kB", "10 MB"]);
  });
});

describe("a message", () => {
  it("takes in values as they are", () => {
    expect(t("notice.detail", { reason: "<b>$&</b>" })).toBe("Reason: <b>$&</b>");
  });
});
