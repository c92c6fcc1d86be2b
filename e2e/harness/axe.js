import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const source = await readFile(fileURLToPath(import.meta.resolve("axe-core/axe.min.js")), "utf8");

/**
 * Fails if axe-core finds anything wrong with how the page can be used: for people who see little or nothing, or have
 * no mouse. `page` is a `ConsolePage` or Playwright's own. It comes by the debugger, so the page's content security
 * policy stays as it is; what moves or fades has to have come to rest.
 */
export async function assertAccessible(page, what = "the page") {
  await page.evaluate(`if (!globalThis.axe) { ${source} }`);
  const found = await page.evaluate(async () => {
    const moving = document.getAnimations().filter(({ effect }) => {
      return effect?.getComputedTiming().endTime !== Number.POSITIVE_INFINITY;
    });
    await Promise.allSettled(moving.map(({ finished }) => finished));
    const { violations } = await globalThis.axe.run();
    return violations.flatMap(({ id, help, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${help}\n  ${html}\n  ${failureSummary}`),
    );
  });
  assert.deepEqual(found, [], `axe-core finds fault with ${what}:\n${found.join("\n")}`);
}
