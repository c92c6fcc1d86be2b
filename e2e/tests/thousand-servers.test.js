import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { assertAccessible } from "../harness/axe.js";
import { startBrowser } from "../harness/browser.js";
import { Oriel } from "../harness/oriel.js";
import { ServersPage } from "../harness/servers-page.js";

const statuses = ["ACTIVE", "ACTIVE", "ACTIVE", "SHUTOFF", "ACTIVE", "ERROR", "ACTIVE", "PAUSED"];
const names = ["web", "db", "build", "mail", "router", "desktop", "dc", "backup"];

const cloudOf = (count) =>
  Object.fromEntries(
    Array.from({ length: count }, (_, index) => [
      `${names[index % names.length]}-${Math.floor(index / names.length) + 1}`,
      {
        consoles: { novnc: "unix:/nonexistent/vnc.sock" },
        status: statuses[(index * 5) % statuses.length],
        facts: `addresses = { lan = ["10.0.${index >> 8}.${index & 255}"] }
flavor = { name = "small", vcpus = ${1 + (index % 4)}, ram = ${1024 * (1 + (index % 8))}, disk = 20 }`,
      },
    ]),
  );

describe("a list of many servers", () => {
  let browser;

  before(async () => {
    browser = await startBrowser();
  });

  after(() => browser?.close());

  const withServers = async (count, use) => {
    const oriel = await Oriel.start({ servers: cloudOf(count) });
    try {
      const view = await ServersPage.open(browser, oriel);
      await use(view);
      await view.close();
    } finally {
      await oriel.stop();
    }
  };

  for (const count of [3, 200]) {
    test(`${count} are good to look at`, () =>
      withServers(count, async (view) => {
        await view.logIn();
        await view.page.locator(".server").first().waitFor();
        await assertAccessible(view.page, `${count} servers`);
        await view.screenshot(`${count}`);
        await view.page.emulateMedia({ colorScheme: "dark" });
        await assertAccessible(view.page, `${count} servers in the dark`);
        await view.screenshot(`${count}-dark`);
        await view.page.getByRole("button", { name: "Rows" }).click();
        await view.page.locator(".servers.rows").waitFor();
        await view.screenshot(`${count}-rows-dark`);
      }));
  }

  test("a thousand are as quick", (t) =>
    withServers(1000, async (view) => {
      const { page } = view;
      await view.logIn();
      await page.locator(".server").first().waitFor();
      // Loaded again, now that the browser has the page's files, and watched from the first moment on.
      await page.addInitScript(() => {
        globalThis.longTasks = [];
        new PerformanceObserver((list) => {
          globalThis.longTasks.push(...list.getEntries().map(({ duration }) => duration));
        }).observe({ type: "longtask", buffered: true });
      });
      await page.reload();
      await page.locator(".server").first().waitFor();
      const first = await page.evaluate(() => performance.now());
      const there = () => page.locator(".server").count();
      assert.ok((await there()) < 60, "only what is in sight is in the document");
      await page.getByRole("button", { name: "All 1000" }).waitFor();

      // Through the whole list, a screen at a time, a step each frame.
      const frames = await page.evaluate(async () => {
        const gaps = [];
        const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
        let before = await frame();
        const end = document.documentElement.scrollHeight - innerHeight;
        for (let top = 0; top <= end; top += innerHeight / 4) {
          scrollTo({ top, behavior: "instant" });
          const now = await frame();
          gaps.push(now - before);
          before = now;
        }
        return gaps;
      });
      assert.ok((await there()) < 60);
      await page.keyboard.press("/");
      await page.keyboard.type("web-12");
      await view.names(7);
      await page.keyboard.press("Escape");
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("End");
      assert.equal(
        await page.evaluate(() => document.activeElement.querySelector(".name").textContent),
        "web-125",
      );
      await page.getByRole("button", { name: "Rows" }).click();
      await page.locator(".servers.rows").waitFor();
      const longest = Math.max(0, ...(await page.evaluate(() => globalThis.longTasks)));
      const sorted = frames.toSorted((a, b) => a - b);
      t.diagnostic(`first rows after ${Math.round(first)} ms`);
      t.diagnostic(
        `${frames.length} steps of scrolling: half within ${Math.round(sorted[sorted.length >> 1])} ms, the slowest ${Math.round(sorted.at(-1))} ms`,
      );
      t.diagnostic(`longest task ${Math.round(longest)} ms`);
    }));
});
