import { describe, expect, it } from "vitest";
import { chooseLanguage } from "../src/common/language.ts";

describe("the language of the page", () => {
  it.each([
    ["EN", "en"],
    ["en-US", "en"],
    ["en_GB", "en"],
    ["CN", "zh-cn"],
    ["cn", "zh-cn"],
    ["zh", "zh-cn"],
    ["zh-CN", "zh-cn"],
    ["zh_CN", "zh-cn"],
    ["zh-Hans-CN", "zh-cn"],
    ["zh-TW", "zh-cn"],
    ["DE", "de"],
    ["de-AT", "de"],
    ["fr_CA", "fr"],
    ["es-419", "es"],
    ["pt-BR", "pt"],
    ["JP", "ja"],
    ["ja", "ja"],
    ["ko-KR", "ko"],
    ["ru", "ru"],
  ])("is, for a link with lang=%s, %s", (link, language) => {
    const opposite = language === "en" ? "zh-CN" : "en-US";
    expect(chooseLanguage(link, [opposite])).toBe(language);
  });

  it("is the browser's first known one without a wish in the link", () => {
    expect(chooseLanguage(null, ["xx", "zh-CN", "en"])).toBe("zh-cn");
  });

  it("is the browser's where the link wishes for an unknown one", () => {
    expect(chooseLanguage("xx", ["zh-CN"])).toBe("zh-cn");
  });

  it("is English where nothing is known", () => {
    expect(chooseLanguage(null, [])).toBe("en");
    expect(chooseLanguage("", ["xx"])).toBe("en");
  });
});
