import { afterEach, describe, expect, it, vi } from "vitest";
import { LiveConsole } from "../src/console/live.ts";

const opener = {
  page: new URL("https://oriel.example/vnc.auto.html?token=0"),
  token: "0",
  viewOnly: false,
  pageId: "1",
};

describe("a console", () => {
  afterEach(() => vi.unstubAllGlobals());

  it("that is ended while the gateway still checks the link stays so, whatever the gateway says then", async () => {
    let answer: (response: Response) => void = () => {};
    vi.stubGlobal("fetch", () => new Promise<Response>((resolve) => (answer = resolve)));
    const live = new LiveConsole(
      opener,
      null,
      () => expect.fail("it is still shown"),
      () => true,
    );
    const opening = live.open();
    live.disconnect();
    const ended = { phase: "ended", end: { reason: "client-closed" }, wasConnected: false };
    expect(live.state.value).toMatchObject(ended);
    answer(Response.json({ console: { type: "novnc" } }));
    await opening;
    expect(live.state.value).toMatchObject(ended);
    expect(live.connection.value).toBeNull();
  });
});
