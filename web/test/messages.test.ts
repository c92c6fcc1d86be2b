import { describe, expect, it } from "vitest";
import landingPage from "../index.html?raw";
import en from "../src/common/messages/en.json";
import { catalogues, type Language } from "../src/common/messages/index.ts";
import { t } from "../src/common/words.ts";
import { reasons } from "../src/console/reasons.ts";

const languages = Object.keys(catalogues) as Language[];
const placeholders = (text: string) => (text.match(/\{\w+\}/g) ?? []).sort();

describe.each(languages)("the messages in %s", async (language) => {
  const messages: Record<string, string> = await catalogues[language]();

  it("are the same as the English ones", () => {
    expect(Object.keys(messages).sort()).toEqual(Object.keys(en).sort());
  });

  it("all say something, with the same placeholders", () => {
    for (const [key, text] of Object.entries(en)) {
      expect(messages[key]?.trim(), key).not.toBe("");
      expect(placeholders(messages[key] ?? ""), key).toEqual(placeholders(text));
    }
  });

  it.each(reasons)("have words for %s", (reason) => {
    expect(messages[`ended.${reason}.what`]).toMatch(/\S/);
    expect(messages[`ended.${reason}.next`]).toMatch(/\S/);
  });

  it("cover what the pages ask for", () => {
    const asked = [landingPage].flatMap((page) =>
      [...page.matchAll(/data-message="([^"]+)"/g)].map(([, key]) => key),
    );
    expect(asked.length).toBeGreaterThan(0);
    expect(Object.keys(messages)).toEqual(expect.arrayContaining(asked));
  });
});

describe("a message", () => {
  it("takes in values as they are", () => {
    expect(t("notice.detail", { reason: "<b>$&</b>" })).toBe("Reason: <b>$&</b>");
  });
});
