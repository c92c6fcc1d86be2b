import { afterEach, describe, expect, it, vi } from "vitest";
import { readEvents, readNews, type SessionNews, SideChannel } from "../src/console/events.ts";

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
    const viewers = [{ name: "alice", role: "owner", own: true }];
    const state = { session: "s", idle: 30, round_trip: 12.5, viewers, end: null };
    expect(readNews(JSON.stringify(state), 1000)).toEqual({
      session: "s",
      idleEnd: 31_000,
      viewers,
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

describe("the side channel", () => {
  const state = (more: object) =>
    `data: ${JSON.stringify({ session: "s", idle: null, viewers: [], end: null, ...more })}\n\n`;
  const end = { reason: "idle", by: null, at: "2026-01-02T03:04:05Z" };
  /** A stream that says this much and then stays open, as long as nobody ends it. */
  const open = (signal: AbortSignal | null | undefined, ...pieces: string[]) =>
    new Response(
      new ReadableStream<Uint8Array>({
        start(controller) {
          for (const piece of pieces) {
            controller.enqueue(encoder.encode(piece));
          }
          signal?.addEventListener("abort", () => controller.error(new Error("aborted")));
        },
      }),
    );

  function listenTo(
    ...answers: ((signal: AbortSignal | null | undefined) => Response | Promise<Response>)[]
  ) {
    const news: SessionNews[] = [];
    const lost: string[] = [];
    const fetched = vi.fn(async (_path: string, init: RequestInit) => {
      const answer = answers[fetched.mock.calls.length - 1];
      if (answer === undefined) {
        throw new Error("nobody answers");
      }
      return answer(init.signal);
    });
    vi.stubGlobal("fetch", fetched);
    const channel = new SideChannel("token", "page", "novnc", {
      learn: (one) => news.push(one),
      lost: ({ reason }) => lost.push(reason),
    });
    return { news, lost, fetched, channel, done: channel.listen() };
  }

  it("ends with the session", async () => {
    const { news, lost, fetched, done } = listenTo(() => new Response(streamOf(state({ end }))));
    await done;
    expect(news.map(({ end }) => end?.reason)).toEqual(["idle"]);
    expect(lost).toEqual([]);
    expect(fetched).toHaveBeenCalledTimes(1);
  });

  it("says nothing where there never was a session", async () => {
    const { lost, done } = listenTo(() => new Response("", { status: 404 }));
    await done;
    expect(lost).toEqual([]);
  });

  it("asks again when told to, and goes on where the session is still there", async () => {
    const heard = listenTo(
      (signal) => open(signal, state({})),
      () => new Response(streamOf(state({ end }))),
    );
    await vi.waitFor(() => expect(heard.news).toHaveLength(1));
    heard.channel.check();
    await heard.done;
    expect(heard.lost).toEqual([]);
    expect(heard.news).toHaveLength(2);
  });

  it.each([
    ["is over", "client-lost", () => new Response("", { status: 404 })],
    ["is out of reach", "network-lost", () => Promise.reject(new TypeError("no network"))],
  ])("tells that the session %s", async (_what, reason, answer) => {
    const heard = listenTo((signal) => open(signal, state({})), answer);
    await vi.waitFor(() => expect(heard.news).toHaveLength(1));
    heard.channel.check();
    await heard.done;
    expect(heard.lost).toEqual([reason]);
  });

  it("takes a long silence for the death of the stream, and an unanswered call for that of the network", async () => {
    vi.useFakeTimers();
    const never = (signal: AbortSignal | null | undefined) =>
      new Promise<Response>((_, reject) => {
        signal?.addEventListener("abort", () => reject(new Error("aborted")));
      });
    const heard = listenTo((signal) => open(signal, state({}), ":\n\n"), never);
    await vi.advanceTimersByTimeAsync(40_000);
    expect(heard.fetched).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(heard.fetched).toHaveBeenCalledTimes(2);
    expect(heard.lost).toEqual([]);
    await vi.advanceTimersByTimeAsync(10_000);
    await heard.done;
    expect(heard.lost).toEqual(["network-lost"]);
    vi.useRealTimers();
  });
});
