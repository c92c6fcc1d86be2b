import { describe, expect, it } from "vitest";
import type { Server } from "../src/servers/api.ts";
import { conditionOf, isDown, stateWords } from "../src/servers/condition.ts";
import { gridFor, heightOf, inSight, placeOf, step } from "../src/servers/grid.ts";
import { merge } from "../src/servers/inventory.ts";
import { count, find, type Search } from "../src/servers/search.ts";

const server = (name: string, more: Partial<Server> = {}): Server => ({
  id: `id-of-${name}`,
  name,
  status: "ACTIVE",
  taskState: null,
  project: "demo",
  flavor: null,
  addresses: [],
  consoles: ["novnc"],
  fault: null,
  ...more,
});

const everything: Search = { text: "", condition: null, sort: "name" };
const names = (servers: readonly Server[]) => servers.map(({ name }) => name);

describe("a search", () => {
  const servers = [
    server("web-10", { addresses: ["10.0.0.7"] }),
    server("Web-2", { status: "SHUTOFF" }),
    server("db", { taskState: "rebooting" }),
    server("broken", { status: "ERROR" }),
  ];
  const search = (wish: Partial<Search>) =>
    names(find(servers, { ...everything, ...wish }, ({ status }) => `words of ${status}`));

  it("puts numbers in names in their order, and looks at no case", () => {
    expect(search({})).toEqual(["broken", "db", "Web-2", "web-10"]);
  });

  it.each([
    ["WEB", ["Web-2", "web-10"]],
    ["10.0.0", ["web-10"]],
    ["id-of-db", ["db"]],
    ["of-db", []],
    ["words shutoff", ["Web-2"]],
    ["  web   active ", ["web-10"]],
    ["web db", []],
  ])("finds every word anywhere: %j", (text, found) => {
    expect(search({ text })).toEqual(found);
  });

  it("can be about one condition, and have the broken ones first", () => {
    expect(search({ condition: "off" })).toEqual(["Web-2"]);
    expect(search({ sort: "state" })).toEqual(["broken", "db", "web-10", "Web-2"]);
  });

  it("counts by condition", () => {
    expect(count(servers)).toEqual({ running: 1, busy: 1, off: 1, trouble: 1 });
  });
});

describe("a server's condition", () => {
  it("is trouble where the status is one that nobody knows", () => {
    const odd = server("odd", { status: "LEVITATING" });
    expect(conditionOf(odd)).toBe("trouble");
    expect(stateWords(odd)).toBe("servers.status.unknown");
  });

  it("is what is being done to it, where something is", () => {
    const moving = server("moving", { taskState: "migrating" });
    expect([conditionOf(moving), stateWords(moving)]).toEqual(["busy", "servers.task.migrating"]);
    expect(stateWords(server("odd", { taskState: "levitating" }))).toBe("servers.status.active");
  });

  it("may leave a console something to show", () => {
    expect(isDown(server("off", { status: "SHUTOFF" }))).toBe(true);
    expect(isDown(server("paused", { status: "PAUSED" }))).toBe(false);
  });
});

describe("a list that is asked for anew", () => {
  it("keeps the objects of what has not changed, and itself where nothing has", () => {
    const before = [server("a"), server("b")];
    expect(merge(before, [server("a"), server("b")])).toBe(before);
    const after = merge(before, [server("a"), server("b", { status: "ERROR" }), server("c")]);
    expect(after[0]).toBe(before[0]);
    expect(after[1]).not.toBe(before[1]);
    expect(names(after)).toEqual(["a", "b", "c"]);
    expect(names(merge(before, [server("b")]))).toEqual(["b"]);
    expect(names(merge(null, before))).toEqual(["a", "b"]);
  });
});

describe("the grid", () => {
  it("has as many columns as fit, and larger tiles where there are few", () => {
    expect(gridFor("tiles", 1280, 16, 1000).columns).toBe(4);
    expect(gridFor("tiles", 328, 16, 1000).columns).toBe(1);
    const few = gridFor("tiles", 1280, 16, 2);
    expect([few.columns, few.width]).toEqual([2, 26 * 16]);
    expect(gridFor("rows", 1280, 16, 1000)).toMatchObject({ columns: 1, width: 1280 });
    expect(gridFor("tiles", 0, 16, 0).columns).toBe(1);
  });

  it("lays tiles out without a gap too many", () => {
    const grid = { columns: 2, width: 100, height: 50, gap: 10 };
    expect(placeOf(grid, 3)).toEqual({ x: 110, y: 60 });
    expect(heightOf(grid, 3)).toBe(110);
    expect(heightOf(grid, 0)).toBe(0);
  });

  it("shows what is in sight and two rows to spare", () => {
    const grid = { columns: 2, width: 100, height: 50, gap: 10 };
    expect(inSight(grid, 1000, 0, 120)).toEqual([0, 8]);
    expect(inSight(grid, 1000, 600, 720)).toEqual([16, 28]);
    expect(inSight(grid, 5, 0, 1e6)).toEqual([0, 5]);
    // Above the window, or below it, there may be nothing in sight.
    expect(inSight(grid, 5, 1e6, 1e6 + 100)).toEqual([5, 5]);
    expect(inSight(grid, 1000, -1000, -900)[1]).toBe(0);
  });

  it.each([
    ["ArrowRight", 0, 1],
    ["ArrowRight", 9, 9],
    ["ArrowLeft", 0, 0],
    ["ArrowDown", 0, 3],
    ["ArrowDown", 8, 8],
    ["ArrowUp", 2, 2],
    ["ArrowUp", 4, 1],
    ["PageDown", 0, 6],
    ["PageDown", 8, 9],
    ["PageUp", 8, 2],
    ["Home", 5, 0],
    ["End", 5, 9],
    ["a", 5, null],
  ])("is walked by keys: %s from %i leads to %j", (key, from, to) => {
    expect(step(key, from, 3, 2, 10)).toBe(to);
  });
});
