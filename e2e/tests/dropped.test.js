import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { Agent, request } from "node:https";
import { connect as connectTcp } from "node:net";
import { describe, test } from "node:test";
import { connect } from "node:tls";
import { BackEnd, whiteScreen } from "../harness/back-ends.js";
import { Oriel } from "../harness/oriel.js";
import { rowsOf } from "../harness/store.js";
import { frame, upgrade } from "../harness/viewer.js";
import { until } from "../harness/wait.js";

const connects = 10_000;
const atOnce = 32;
/** The store opens connections as it needs them, up to a limit, with some files each. */
const pool = 40;

/** How many tokens were used for nothing, have opened a session for free, and have opened one. */
const halves = `SELECT sum(redeemed_at IS NOT NULL AND s.grant_hash IS NULL) AS lost,
  sum(redeemed_at IS NULL AND s.grant_hash IS NOT NULL) AS free, count(s.grant_hash) AS sessions
  FROM grants LEFT JOIN sessions s ON s.grant_hash = token_hash`;

const stages = ["TCP", "TLS begun", "TLS", "half a head", "upgrade asked", "upgraded", "RFB"];

describe("connections that are dropped at any stage", () => {
  test("leave no descriptor, no session and no half-used token behind", async () => {
    const backEnd = await BackEnd.start(whiteScreen);
    const oriel = await Oriel.start({
      servers: { white: backEnd.address },
      settings: { ORIEL_LOG__LEVEL: "warn" },
    });
    const agent = new Agent({ keepAlive: true, maxSockets: atOnce });
    try {
      const ca = await readFile(oriel.caFile);
      const mint = await minter(oriel, agent, ca);
      const descriptors = async () => (await readdir(`/proc/${oriel.pid}/fd`)).length;
      const before = await descriptors();
      const counts = Object.fromEntries(stages.map((stage) => [stage, 0]));
      let left = connects;
      await Promise.all(
        Array.from({ length: atOnce }, async () => {
          while (left > 0) {
            left -= 1;
            const stage = Math.floor(Math.random() * stages.length);
            counts[stages[stage]] += 1;
            await dropAt(stage, oriel.port, ca, stage > 3 ? await mint() : "");
          }
        }),
      );
      agent.destroy();
      const open = "SELECT count(*) AS n FROM sessions WHERE ended_at IS NULL";
      await until("every session to end", async () => (await rowsOf(oriel, open))[0].n === 0, 30);
      await until(
        "descriptors to be given back",
        async () => (await descriptors()) <= before + pool,
      );
      // A token is used if and only if it has opened a session.
      const { sessions } = await until(
        `every token to be given back or used, after ${JSON.stringify(counts)}`,
        async () => {
          const [found] = await rowsOf(oriel, halves);
          return found.lost === 0 && found.free === 0 && found;
        },
      );
      assert.ok(sessions >= counts.upgraded + counts.RFB, `${sessions} sessions`);
      const ends = await rowsOf(oriel, "SELECT DISTINCT end_reason AS end FROM sessions");
      assert.deepEqual(ends, [{ end: "client-lost" }]);
      assert.doesNotMatch(oriel.log, /panicked|"level":"ERROR"/);
      assert.equal((await oriel.request("GET", "/healthz")).status, 200);
    } finally {
      agent.destroy();
      await oriel.stop();
      await backEnd.stop();
    }
  });
});

/** Makes tokens, one a call, on connections that are kept. */
async function minter(oriel, agent, ca) {
  const { headers, body } = await oriel.login();
  const compute = body.token.catalog.find(({ type }) => type === "compute").endpoints[0].url;
  const url = `${compute}/servers/${oriel.serverIds.white}/action`;
  const options = { method: "POST", agent, ca, headers: { "Content-Type": "application/json" } };
  options.headers["X-Auth-Token"] = headers["x-subject-token"];
  return () =>
    new Promise((resolve, reject) => {
      const call = request(url, options, async (answer) => {
        const parts = await answer.toArray();
        resolve(new URL(JSON.parse(Buffer.concat(parts)).console.url).searchParams.get("token"));
      });
      call.on("error", reject).end('{"os-getVNCConsole": {"type": "novnc"}}');
    });
}

/** Connects, goes as far as this stage, and is gone without a word. */
function dropAt(stage, port, ca, token) {
  return new Promise((resolve) => {
    const wire = connectTcp({ port, host: "127.0.0.1" });
    let socket = wire;
    const drop = () => {
      socket.destroy();
      wire.resetAndDestroy();
    };
    wire.on("close", resolve).on("error", () => {});
    wire.on("connect", () => {
      if (stage === 0) {
        drop();
      } else if (stage === 1) {
        wire.write(Buffer.from("16030100c8010000c40303", "hex"), drop);
      } else {
        secure();
      }
    });
    function secure() {
      socket = connect({ socket: wire, ca, servername: "localhost" });
      socket.on("error", () => {});
      socket.on("secureConnect", () => {
        if (stage === 2) {
          drop();
        } else if (stage === 3) {
          socket.write("GET /websockify?tok", drop);
        } else if (stage === 4) {
          socket.write(upgrade(`/websockify?token=${token}`), drop);
        } else {
          socket.write(upgrade(`/websockify?token=${token}`));
          hear();
        }
      });
    }
    function hear() {
      let heard = "";
      socket.on("data", (data) => {
        heard += data.toString("latin1");
        if (stage === 5 && heard.includes(" 101 ")) {
          drop();
        } else if (heard.includes("RFB 003.008\n")) {
          socket.write(frame(Buffer.from("RFB 003.0")), drop);
        }
      });
    }
  });
}
