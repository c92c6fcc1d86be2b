import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Account } from "../src/servers/account.ts";
import { type Api, type Login, type LoginState, Problem, type Server } from "../src/servers/api.ts";
import { Inventory } from "../src/servers/inventory.ts";
import { Opening } from "../src/servers/opening.ts";

const place = (id: string) => ({ id, name: id, domain: "Default" });
const loginOf = (id: string): Login => ({
  user: place(id),
  project: place("demo"),
  projects: [place("demo")],
  admin: false,
});
const required = new Problem("login-required");

/** An answer that comes when the test wants it to. */
function later<T>() {
  let come: (value: T) => void = () => {};
  const answer = new Promise<T>((resolve) => {
    come = resolve;
  });
  return { answer, come };
}

let stored: Map<string, string>;

beforeEach(() => {
  stored = new Map();
  vi.stubGlobal("localStorage", {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, value: string) => stored.set(key, value),
    removeItem: (key: string) => stored.delete(key),
  });
  vi.stubGlobal("document", { addEventListener: () => {}, visibilityState: "visible" });
  vi.stubGlobal("window", {
    addEventListener: () => {},
    setTimeout: () => 0,
    open: () => null,
  });
});

afterEach(() => {
  vi.unstubAllGlobals();
});

describe("a login", () => {
  /** The gateway knows the logins of these keys. */
  function accountWith(...known: string[]) {
    let key: () => string | null = () => null;
    const state = (login: Login | null): LoginState => ({
      identity: "embedded",
      asksForDomain: false,
      firstRun: false,
      login,
    });
    const api = {
      loginState: vi.fn(async () => {
        const shown = key();
        return state(shown !== null && known.includes(shown) ? loginOf(shown) : null);
      }),
      logIn: vi.fn(async (user: string) => ({ login: loginOf(user), key: user })),
    };
    const account = new Account((ofPage) => {
      key = ofPage;
      return api as unknown as Api;
    });
    return { account, api, state };
  }

  const whoIsIn = ({ state: { value } }: Account) =>
    value.phase === "in" ? value.login.user.id : value.phase;

  it("that has ended leaves another page's be, and goes on with it", async () => {
    stored.set("oriel.login", "old");
    const { account } = accountWith("old", "new");
    await account.ask();
    expect(whoIsIn(account)).toBe("old");
    stored.set("oriel.login", "new");
    account.heed(required);
    await vi.waitFor(() => expect(whoIsIn(account)).toBe("new"));
    expect(stored.get("oriel.login")).toBe("new");
    account.heed(required);
    expect(whoIsIn(account)).toBe("out");
    expect(stored.has("oriel.login")).toBe(false);
  });

  it("is not undone by an answer from before it", async () => {
    const { account, api, state } = accountWith("alice");
    const slow = later<LoginState>();
    api.loginState.mockReturnValueOnce(slow.answer);
    const asked = account.ask();
    await account.logIn("alice", "", "");
    slow.come(state(null));
    await asked;
    expect(whoIsIn(account)).toBe("alice");
    expect(stored.get("oriel.login")).toBe("alice");
  });
});

describe("what was asked for before a log-out", () => {
  it("is no list of servers for whoever comes next", async () => {
    const first = later<{ servers: Server[]; next: null }>();
    const second = later<{ servers: Server[]; next: null }>();
    const servers = vi.fn().mockReturnValueOnce(first.answer).mockReturnValueOnce(second.answer);
    const inventory = new Inventory({ servers } as unknown as Api, () => {});
    inventory.begin(false);
    inventory.stop();
    inventory.begin(false);
    first.come({ servers: [{ id: "1", name: "theirs" } as Server], next: null });
    await first.answer;
    await Promise.resolve();
    expect(inventory.servers.value).toBeNull();
    second.come({ servers: [], next: null });
    await vi.waitFor(() => expect(inventory.servers.value).toEqual([]));
  });

  it("is no link for whoever comes next", async () => {
    const slow = later<string>();
    const opening = new Opening({ console: () => slow.answer } as unknown as Api, () => {});
    const opened = opening.open({ id: "1", status: "ACTIVE" } as Server, "novnc");
    opening.dismiss();
    expect(opening.busy.value).toBeNull();
    slow.come("https://host/link");
    await opened;
    expect(opening.news.value).toBeNull();
  });
});
