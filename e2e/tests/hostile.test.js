import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { BackEnd, bell, flood } from "../harness/back-ends.js";
import { Oriel } from "../harness/oriel.js";
import { RawSocket } from "../harness/socket.js";
import { rowsOf } from "../harness/store.js";
import { upgrade, Viewer } from "../harness/viewer.js";
import { until } from "../harness/wait.js";

const viewers = 8;
/** How much more memory so many stalled viewers may cost, in KiB. */
const mostMemory = 8 * 1024;

describe("clients that mean no good", () => {
  const backEnds = {};

  before(async () => {
    backEnds.bell = await BackEnd.start(bell);
    backEnds.flood = await BackEnd.start(flood);
  });

  after(async () => {
    for (const backEnd of Object.values(backEnds)) {
      await backEnd.stop();
    }
  });

  async function withOriel(settings, act) {
    const servers = { bell: backEnds.bell.address, flood: backEnds.flood.address };
    const oriel = await Oriel.start({ servers, settings });
    try {
      await act(oriel);
    } finally {
      await oriel.stop();
    }
  }

  const tokenFor = async (oriel, server) => (await oriel.link(server)).searchParams.get("token");

  test("the head of an upgrade that comes byte by byte is cut off, and uses nothing up", () =>
    withOriel({ ORIEL_LISTEN__HEADER_TIMEOUT: "1s" }, async (oriel) => {
      const token = await tokenFor(oriel, "bell");
      const raw = await RawSocket.open(oriel);
      let cut = false;
      raw.closed().then(() => {
        cut = true;
      });
      for (const byte of upgrade(`/websockify?token=${token}`)) {
        if (cut) {
          break;
        }
        raw.write(byte);
        await pause(50);
      }
      assert.ok(cut, "the head was waited for without end");
      await oriel.logs("the end", ({ message }) =>
        /no request in time|a connection ended early/.test(message),
      );
      (await Viewer.open(oriel, token)).close();
    }));

  test("a client that is there no more, without a word, is taken for lost", () =>
    withOriel({ ORIEL_GATEWAY__PING_INTERVAL: "1s" }, async (oriel) => {
      const viewer = await Viewer.open(oriel, await tokenFor(oriel, "bell"));
      viewer.stall();
      const ended = await oriel.logs("the end", ({ message }) => message === "session ended");
      assert.equal(ended.reason, "client-lost");
      const recorded = () =>
        rowsOf(oriel, "SELECT end_reason FROM sessions WHERE ended_at IS NOT NULL");
      const rows = await until("the end in the audit trail", async () => {
        const rows = await recorded();
        return rows.length > 0 && rows;
      });
      assert.deepEqual(rows, [{ end_reason: "client-lost" }]);
      viewer.close();
    }));

  test("viewers that stop reading hold up the back end, and cost little memory", () =>
    withOriel({}, async (oriel) => {
      const tokens = [];
      for (let made = 0; made < viewers; made += 1) {
        tokens.push(await tokenFor(oriel, "flood"));
      }
      // Only now: the hash of a password takes memory on purpose.
      const before = await memory(oriel);
      const all = [];
      for (const token of tokens) {
        const viewer = await Viewer.open(oriel, token);
        viewer.stall();
        all.push(viewer);
      }
      let written = -1;
      await until("the back end to be held up", async () => {
        const last = written;
        await pause(300);
        written = backEnds.flood.written;
        return written === last;
      });
      const grown = (await memory(oriel)) - before;
      assert.ok(grown < mostMemory, `${grown} KiB more`);
      // Who reads on gets on.
      all[0].read();
      await until("the flow to go on", () => backEnds.flood.written > written);
      for (const viewer of all) {
        viewer.close();
      }
    }));
});

/** The resident memory of the process, in KiB. */
async function memory({ pid }) {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(status.match(/^VmRSS:\s+(\d+) kB/m)[1]);
}
