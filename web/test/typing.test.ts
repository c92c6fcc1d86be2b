import { signal } from "@preact/signals";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { charactersOf, estimateSeconds, TextTyping, without } from "../src/console/typing.ts";
import { readAnswer } from "../src/console/typing-calls.ts";
import { layoutFor } from "../src/console/view/layouts.ts";

describe("a text that is typed", () => {
  it("is counted as the gateway counts it", () => {
    expect(charactersOf("a\r\nb\rc\n")).toEqual(["a", "\n", "b", "\n", "c", "\n"]);
    expect(charactersOf("e\u0301😀")).toEqual(["é", "😀"]);
  });

  it("goes without what cannot be typed", () => {
    const lacking = ["€", "😀"].map((character) => ({
      ...{ character, codePoint: "", name: null, line: 1, column: 1, count: 1 },
    }));
    expect(without("5 € 😀 or 6 €", lacking)).toBe("5   or 6 ");
  });

  it("takes as long as its keys do", () => {
    expect(estimateSeconds("a".repeat(450), 90)).toBe(10);
    expect(estimateSeconds("A".repeat(450), 90)).toBe(20);
    expect(estimateSeconds("\n".repeat(10), 90)).toBeGreaterThan(4);
  });
});

describe("a layout", () => {
  const all = ["de", "de-ch", "en-gb", "en-us", "pt-br"];

  it.each([
    [["de-DE", "en"], "de"],
    [["de-CH"], "de-ch"],
    [["en-GB"], "en-gb"],
    [["en-AU"], "en-us"],
    [["pt-PT"], "pt-br"],
    [["pl", "de"], "en-us"],
    [[], "en-us"],
  ])("for a browser that speaks %s is %s", (browser, layout) => {
    expect(layoutFor("server", all, browser)).toBe(layout);
  });
});

describe("an answer of the typing service", () => {
  it.each([
    [
      { job: { typed: 1, total: 2, state: "typing" } },
      200,
      { job: { typed: 1, total: 2, state: "typing", reason: null } },
    ],
    [{ error: { code: "typing-busy", message: "" } }, 409, { reason: "typing-busy" }],
    ["<html>", 502, { reason: "HTTP 502" }],
    [null, 500, { reason: "HTTP 500" }],
  ])("%j is read", (answer, status, read) => {
    expect(readAnswer(answer, status)).toEqual(read);
  });
});

describe("typing", () => {
  const calls: { method: string; path: string; body: unknown }[] = [];
  let answers: [number, object][];

  beforeEach(() => {
    vi.useFakeTimers();
    vi.stubGlobal("window", globalThis);
    calls.length = 0;
    vi.stubGlobal("fetch", async (path: string, { method, body }: RequestInit) => {
      calls.push({ method: String(method), path, body: body ? JSON.parse(String(body)) : null });
      const [status, answer] = answers.shift() ?? [500, {}];
      return new Response(JSON.stringify(answer), { status });
    });
  });

  afterEach(() => {
    vi.unstubAllGlobals();
    vi.useRealTimers();
  });

  const job = (typed: number, total: number, state: string, reason?: string): [number, object] => [
    200,
    { job: { typed, total, state, reason } },
  ];

  it("goes on where it was stopped, and counts over the whole", async () => {
    const typing = new TextTyping(signal("s"), "token");
    answers = [
      job(0, 10, "typing"),
      job(4, 10, "cancelled"),
      job(0, 6, "typing"),
      job(6, 6, "done"),
    ];
    await typing.start("0123456789", "de");
    expect(typing.state.value).toMatchObject({ phase: "typing", typed: 0, total: 10 });
    await typing.stop();
    expect(typing.state.value).toEqual({ phase: "stopped", typed: 4, total: 10 });
    await typing.goOn();
    expect(calls.at(-1)?.body).toEqual({ text: "456789", layout: "de" });
    await vi.advanceTimersByTimeAsync(1000);
    expect(typing.state.value).toEqual({ phase: "done", typed: 10, total: 10 });
  });

  it("can be stopped again where it could not be", async () => {
    const typing = new TextTyping(signal("s"), "token");
    answers = [job(0, 4, "typing"), [500, {}]];
    await typing.start("abcd", "de");
    await typing.stop();
    expect(typing.state.value).toMatchObject({ phase: "typing", stopping: false });
    answers = [job(1, 4, "cancelled")];
    await typing.stop();
    expect(typing.state.value).toEqual({ phase: "stopped", typed: 1, total: 4 });
  });

  it("tells where a lost console left it, and goes on in the next", async () => {
    const session = signal<string | null>("first");
    const typing = new TextTyping(session, "token");
    answers = [job(0, 4, "typing"), job(2, 4, "typing"), job(0, 2, "typing"), job(2, 2, "done")];
    await typing.start("abcd", "de");
    await vi.advanceTimersByTimeAsync(500);
    session.value = null;
    await vi.advanceTimersByTimeAsync(500);
    expect(typing.state.value).toEqual({
      ...{ phase: "failed", reason: "no-session", atLeast: true, typed: 2, total: 4 },
    });
    session.value = "second";
    await typing.goOn();
    expect(calls.at(-1)).toMatchObject({
      path: "/oriel/v1/sessions/second/type",
      body: { text: "cd" },
    });
  });

  it("shows the token only where there is no cookie", async () => {
    const typing = new TextTyping(signal("s"), "a token");
    answers = [[401, { error: { code: "token-missing" } }], job(1, 1, "done")];
    await typing.start("a", "de");
    expect(calls.map(({ path }) => path)).toEqual([
      "/oriel/v1/sessions/s/type",
      "/oriel/v1/sessions/s/type?token=a+token",
    ]);
    expect(typing.state.value).toMatchObject({ phase: "done" });
  });

  it("says why nothing was typed", async () => {
    const typing = new TextTyping(signal("s"), "token");
    answers = [[409, { error: { code: "typing-busy" } }]];
    await typing.start("a", "de");
    expect(typing.state.value).toEqual({ phase: "refused", reason: "typing-busy" });
    typing.forget();
    expect(typing.state.value).toEqual({ phase: "idle" });
  });
});
