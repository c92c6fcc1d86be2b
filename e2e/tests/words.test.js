import assert from "node:assert/strict";
import { mkdir, readFile } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { assertAccessible } from "../harness/axe.js";
import { BackEnd, silent, whiteScreen } from "../harness/back-ends.js";
import { Site } from "../harness/site.js";
import { until } from "../harness/wait.js";

const artifacts = fileURLToPath(new URL("../artifacts/", import.meta.url));
const messages = async (language) => {
  const file = new URL(`../../web/src/common/messages/${language}.json`, import.meta.url);
  return JSON.parse(await readFile(file, "utf8"));
};

const languages = ["de", "fr", "es", "pt", "ja", "ko", "ru", "zh-cn", "en"];
const widths = [360, 768, 1280];

/** The tools of the bar that open something, and what. */
const panels = {
  ...{ "type-text": "#typing", "clipboard-tool": "#clipboard" },
  ...{ keys: "#side", view: "#side", facts: "#side" },
};

/** The gateway's close codes, of `web/src/console/reasons.ts`. */
const codes = {
  ...{ "token-missing": 4001, "token-unknown": 4002, "token-expired": 4003, "token-used": 4004 },
  ...{ "origin-refused": 4005, "client-protocol": 4006, "client-timeout": 4007 },
  ...{ "server-gone": 4010, "console-gone": 4011, "back-end-unreachable": 4020 },
  ...{ "back-end-timeout": 4021, "back-end-protocol": 4022, "back-end-security": 4023 },
  ...{ "back-end-closed": 4024, "back-end-lost": 4025, stopping: 4030, "too-many-sessions": 4031 },
  ...{ "session-too-long": 4032, "too-many-of-user": 4033, "too-many-of-project": 4034 },
  ...{ "too-many-of-server": 4035, drained: 4036, idle: 4040, "taken-over": 4041 },
  ...{ "server-in-use": 4042, "no-session": 4043, "too-many-streams": 4044, "rules-unkept": 4045 },
  ...{ internal: 4099, "client-closed": 1000, "network-lost": 1006, unknown: 4900 },
};

describe("the words of the console page", () => {
  let backEnd;
  let silentOne;
  let site;

  before(async () => {
    await mkdir(artifacts, { recursive: true });
    backEnd = await BackEnd.start(whiteScreen);
    silentOne = await BackEnd.start(silent);
    site = await Site.start({ servers: { white: backEnd.address, silent: silentOne.address } });
  });

  after(async () => {
    await site?.stop();
    await backEnd?.stop();
    await silentOne?.stop();
  });

  test("change without a reload, fit in every language, and stay chosen", async () => {
    const page = await site.open(await site.oriel.link("white"));
    await page.connected();
    await page.mark();
    for (const language of languages) {
      const words = await messages(language);
      await page.at("#language summary").click();
      await page.at(`[data-language="${language}"]`).click();
      await page.says("state", words["state.connected"]);
      for (const width of widths) {
        await page.showOn({ width, height: 700 });
        await assertFits(page, `${language} at ${width}`);
        for (const [tool, panel] of Object.entries(panels)) {
          await choose(page, tool);
          await page.at(panel).waitFor();
          await assertFits(page, `${tool} in ${language} at ${width}`);
          if (width === 360) {
            await page.screenshot(`${artifacts}phone-${tool}-${language}.png`);
          }
          await page.at(`${panel} button`).first().click();
          await page.at(panel).waitFor({ state: "detached" });
        }
        await page.at("#language summary").click();
        await assertFits(page, `the languages in ${language} at ${width}`);
        await page.strike("Escape");
      }
      await assertAccessible(page, language);
    }
    assert.ok(await page.isMarked(), "the page was loaded anew");
    await page.at("#language summary").click();
    await page.at('[data-language="fr"]').click();
    await page.says("state", "Connecté");
    await page.reload();
    await page.connected();
    assert.equal(await page.at("html").getAttribute("lang"), "fr");
  });

  test("name every end, in English and Chinese, by day and by night", async () => {
    const link = await site.oriel.link("white");
    const page = await site.open(link, { prepare: (page) => page.addInitScript(closeByHash) });
    page.expectRefusals();
    for (const [lang, language, colorScheme] of [
      ["EN", "en", "light"],
      ["CN", "zh-cn", "dark"],
    ]) {
      await page.showOn({ width: 1280, height: 800, colorScheme });
      const words = await messages(language);
      link.searchParams.set("lang", lang);
      for (const [reason, code] of Object.entries(codes)) {
        link.hash = String(code);
        await page.visit(link);
        await page.reload();
        await page.at('html[data-state="ended"]').waitFor({ state: "attached" });
        assert.equal(await page.says("reason", /./), words[`ended.${reason}.what`], reason);
        assert.equal(await page.says("next", /./), words[`ended.${reason}.next`], reason);
        // One button that does it.
        assert.equal(await page.at("#notice .primary").count(), 1, reason);
        await page.screenshot(`${artifacts}ended-${reason}-${language}-${colorScheme}.png`);
      }
      await assertAccessible(page, `an end in ${language}, ${colorScheme}`);
    }
    for (const language of languages) {
      const words = await messages(language);
      await page.at("#language summary").click();
      await page.at(`[data-language="${language}"]`).click();
      await page.says("state", words["state.ended"]);
      await page.showOn({ width: 360, height: 700 });
      await assertFits(page, `an end in ${language}`);
    }
  });

  test("say what is slow", async () => {
    const page = await site.open(await site.oriel.link("silent"), {
      prepare: (page) => page.clock.install(),
    });
    await page.says("reason", /Connecting to the server’s screen/);
    assert.equal(await page.at("#slow").count(), 0);
    await page.clock.runFor(5_000);
    await page.says("slow", /longer than usual/);
    await assertAccessible(page, "a slow host");
    await page.screenshot(`${artifacts}slow.png`);
  });
});

/** Presses a tool, wherever there is room for it. */
async function choose(page, tool) {
  if ((await page.at(`#more #${tool}`).count()) > 0) {
    await page.at("#more summary").click();
  }
  await page.click(tool);
}

/** In the page: has its WebSocket closed at once, with the code that the address ends with. */
function closeByHash() {
  const code = Number(location.hash.slice(1));
  globalThis.WebSocket = new Proxy(WebSocket, {
    construct(Socket, how) {
      const socket = new Socket(...how);
      if (code > 0) {
        setTimeout(() => socket.dispatchEvent(new CloseEvent("close", { code, reason: "test" })));
      }
      return socket;
    },
  });
}

/** Fails where a word is cut off, or stands outside the page, once the bar has found room for its tools. */
async function assertFits(page, what) {
  let cut;
  const fits = async () => {
    cut = await page.evaluate(findCut);
    return cut.length === 0;
  };
  await until(`${what} to fit`, fits, 5).catch(() => {});
  assert.deepEqual(cut, [], `${what}: words do not fit`);
}

/** In the page: what is cut off, or stands outside. */
function findCut() {
  const width = document.documentElement.clientWidth;
  const told = [];
  for (const element of document.querySelectorAll("body, body *")) {
    const { overflowX, textOverflow, display } = getComputedStyle(element);
    const box = element.getBoundingClientRect();
    // What is for screen readers alone has a pixel; the server's picture is no word.
    const none = "#pan, #screen, .said-only, svg, option, details:not([open]) > .menu";
    if (box.width <= 1 || element.closest(none)) {
      continue;
    }
    const name = `${element.tagName}#${element.id}.${element.className}`;
    if (box.left < -1 || box.right > width + 1) {
      told.push(`${name} reaches from ${box.left} to ${box.right} of ${width}`);
    }
    // What scrolls, or ends in an ellipsis on purpose, is in its place.
    const mayBeLonger = overflowX === "auto" || textOverflow === "ellipsis" || display === "inline";
    if (!mayBeLonger && element.scrollWidth > element.clientWidth + 1) {
      told.push(`${name} needs ${element.scrollWidth} and has ${element.clientWidth}`);
    }
  }
  return told;
}
