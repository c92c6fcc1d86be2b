import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { BackEnd, whiteScreen } from "../harness/back-ends.js";
import { Portal } from "../harness/portal.js";
import { Site } from "../harness/site.js";

describe("a console in a frame of another site", () => {
  let backEnd;
  let listed;
  let unlisted;

  before(async () => {
    backEnd = await BackEnd.start(whiteScreen);
    listed = await Portal.start("portal.example");
    unlisted = await Portal.start("elsewhere.example");
  });

  after(async () => {
    await unlisted?.stop();
    await listed?.stop();
    await backEnd?.stop();
  });

  async function withSite(lines, act) {
    const site = await Site.start({ servers: { white: backEnd.address }, lines });
    try {
      await act(site);
    } finally {
      await site.stop();
    }
  }

  /** The portal shows no console, and the link is as good as new. */
  async function refuses(site, portal) {
    const link = await site.oriel.link("white");
    const framed = await site.openFramed(portal.showing(link));
    await framed.frameRefused();
    const page = await site.open(link);
    await page.connected();
  }

  test("is shown by nobody where page.frame_ancestors names nobody", () =>
    withSite("", async (site) => {
      await refuses(site, listed);
    }));

  describe("where page.frame_ancestors names one portal", () => {
    const withPortal = (act) => withSite(`[page]\nframe_ancestors = ["${listed.origin}"]\n`, act);

    test("is shown there, and comes back when the frame or the page is loaded again", () =>
      withPortal(async (site) => {
        const link = await site.oriel.link("white");
        const page = await site.openFramed(listed.showing(link));
        await page.connected();
        await page.reloadFrame();
        await page.connected();
        await page.reload();
        await page.connected();

        const cookies = await page.cookies();
        assert.equal(cookies.length, 1);
        const { name, secure, httpOnly, sameSite, partitionKey } = cookies[0];
        assert.match(name, /^__Host-oriel-/);
        assert.deepEqual(
          { secure, httpOnly, sameSite, partitionKey },
          {
            secure: true,
            httpOnly: true,
            sameSite: "None",
            partitionKey: "https://portal.example",
          },
        );

        // The cookie is that frame's alone: the same browser has none where the console is a page of its own.
        await page.visit(link);
        await page.ended("token-used");
      }));

    test("is not shown by another portal", () =>
      withPortal(async (site) => {
        await refuses(site, unlisted);
      }));

    test("opens as a page of its own too, and comes back there", () =>
      withPortal(async (site) => {
        const page = await site.open(await site.oriel.link("white"));
        await page.connected();
        await page.reload();
        await page.connected();
      }));
  });
});
