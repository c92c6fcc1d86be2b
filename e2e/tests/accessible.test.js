import { after, before, describe, test } from "node:test";
import { assertAccessible } from "../harness/axe.js";
import { BackEnd, whiteScreen } from "../harness/back-ends.js";
import { Site } from "../harness/site.js";

describe("axe-core finds nothing", () => {
  let backEnd;
  let site;

  before(async () => {
    backEnd = await BackEnd.start(whiteScreen);
    site = await Site.start({ servers: { white: backEnd.address } });
  });

  after(async () => {
    await site?.stop();
    await backEnd?.stop();
  });

  test("in a live console", async () => {
    const page = await site.open(await site.oriel.link("white"));
    await page.connected();
    await assertAccessible(page);
  });

  test("in one that has ended", async () => {
    const page = await site.open(site.linkWith({}));
    await page.ended("token-missing");
    await assertAccessible(page);
  });
});
