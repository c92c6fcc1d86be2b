import { afterEach, describe, expect, it, vi } from "vitest";
import { listen, readEvents, readNews, type SessionNews } from "../src/console/events.ts";

const encoder = new TextEncoder();

const streamOf = (...pieces: string[]) =>
  new ReadableStream<Uint8Array>({
    start(controller) {
      for (const piece of pieces) {
        controller.enqueue(encoder.encode(piece));
      }
      controller.close();
    },
  });

async function eventsOf(...pieces: string[]): Promise<string[]> {
  const events = [];
  for await (const event of readEvents(streamOf(...pieces))) {
    events.push(event);
  }
  return events;
}

afterEach(() => {
  vi.unstubAllGlobals();
});

describe("the side channel's events", () => {
  it.each([
    ["whole", ["data: {}\n\ndata: [1]\n\n"]],
    ["cut anywhere", ["da", "ta: {}\n", "\nda", "ta: [1]\n\n"]],
    ["between comments", [":\n\n", "data: {}\n\n:\n\ndata: [1]\n\n:\n\n"]],
    ["without one that is not whole", ["data: {}\n\ndata: [1]\n\ndata: lost"]],
  ])("are read %s", async (_how, pieces) => {
    expect(await eventsOf(...pieces)).toEqual(["{}", "[1]"]);
  });

  it("tell times by this browser's clock", () => {
    const state = { idle: 30, round_trip: 12.5, viewers: [{}, {}], end: null };
    expect(readNews(JSON.stringify(state), 1000)).toEqual({
      idleEnd: 31_000,
      viewers: 2,
      roundTrip: 12.5,
      end: null,
    });
  });

  it("tell who took over, if the gateway does", () => {
    const end = { reason: "taken-over", by: "bob", at: "2026-01-02T03:04:05Z" };
    const read = (of: object) => readNews(JSON.stringify({ idle: null, viewers: [], end: of })).end;
    const at = new Date("2026-01-02T03:04:05Z");
    expect(read(end)).toEqual({ reason: "taken-over", by: "bob", at });
    expect(read({ ...end, by: null })).toEqual({ reason: "taken-over", at });
  });
});

describe("listening", () => {
  it("ends with the session", async () => {
    const end = { reason: "idle", by: null, at: "2026-01-02T03:04:05Z" };
    const body = streamOf(`data: ${JSON.stringify({ idle: null, viewers: [{}], end })}\n\n`);
    const fetched = vi.fn(async () => new Response(body));
    vi.stubGlobal("fetch", fetched);
    const news: SessionNews[] = [];
    await listen("token", "page", new AbortController().signal, (one) => news.push(one));
    expect(news.map(({ end }) => end?.reason)).toEqual(["idle"]);
    expect(fetched).toHaveBeenCalledTimes(1);
  });

  it("ends where there is no session", async () => {
    vi.stubGlobal("fetch", async () => new Response("", { status: 404 }));
    await listen("token", "page", new AbortController().signal, () => {});
  });
});
