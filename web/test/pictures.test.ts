import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Api, Problem } from "../src/servers/api.ts";
import { Pictures } from "../src/servers/pictures.ts";

/** A gateway that answers when it is told to. */
class Gateway {
  asked: string[] = [];
  #waiting = new Map<string, (outcome: Blob | Problem) => void>();

  get api(): Api {
    return {
      screenshot: (id: string) =>
        new Promise<Blob>((resolve, reject) => {
          this.asked.push(id);
          this.#waiting.set(id, (outcome) =>
            outcome instanceof Blob ? resolve(outcome) : reject(outcome),
          );
        }),
    } as unknown as Api;
  }

  async answer(id: string, outcome: Blob | Problem = new Blob(["x"])): Promise<void> {
    this.#waiting.get(id)?.(outcome);
    await vi.advanceTimersByTimeAsync(0);
  }
}

describe("thumbnails", () => {
  let gateway: Gateway;
  let pictures: Pictures;

  beforeEach(() => {
    vi.useFakeTimers();
    vi.stubGlobal("document", { visibilityState: "visible", addEventListener: () => {} });
    vi.stubGlobal("window", { setTimeout });
    gateway = new Gateway();
    pictures = new Pictures(gateway.api, () => {});
  });

  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it("are asked for a few at once, those in sight alone", async () => {
    for (const id of ["a", "b", "c", "d", "e"]) {
      pictures.want(id);
    }
    expect(gateway.asked).toEqual(["a", "b", "c"]);
    pictures.release("d");
    await gateway.answer("a");
    expect(gateway.asked).toEqual(["a", "b", "c", "e"]);
  });

  it("are made anew after a while, as long as they are wanted", async () => {
    const picture = pictures.want("a");
    expect(picture.value).toBeNull();
    await gateway.answer("a");
    const first = picture.value;
    expect(first).toMatch(/^blob:/);
    await vi.advanceTimersByTimeAsync(25_000);
    expect(gateway.asked).toEqual(["a"]);
    await vi.advanceTimersByTimeAsync(6_000);
    expect(gateway.asked).toEqual(["a", "a"]);
    await gateway.answer("a");
    expect(picture.value).not.toBe(first);
    pictures.release("a");
    await vi.advanceTimersByTimeAsync(60_000);
    expect(gateway.asked).toHaveLength(2);
  });

  it("are not asked for where several servers in a row have none", async () => {
    for (const id of ["a", "b", "c", "d"]) {
      pictures.want(id);
    }
    await gateway.answer("a", new Problem("http-404"));
    await gateway.answer("b", new Problem("forbidden"));
    await gateway.answer("c", new Problem("http-501"));
    const asked = gateway.asked.length;
    await vi.advanceTimersByTimeAsync(120_000);
    expect(gateway.asked).toHaveLength(asked);
    await vi.advanceTimersByTimeAsync(240_000);
    expect(gateway.asked.length).toBeGreaterThan(asked);
  });

  it("wait as long as the gateway says", async () => {
    pictures.want("a");
    await gateway.answer("a", new Problem("unavailable", 40));
    pictures.want("b");
    await vi.advanceTimersByTimeAsync(35_000);
    expect(gateway.asked).toEqual(["a"]);
    await vi.advanceTimersByTimeAsync(6_000);
    expect(gateway.asked).toEqual(["a", "b", "a"]);
  });

  it("of somebody else are thrown away, even those on the way", async () => {
    const picture = pictures.want("a");
    pictures.clear();
    await gateway.answer("a");
    expect(picture.value).toBeNull();
  });
});
