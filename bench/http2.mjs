// Drives consoles over HTTP/2 (RFC 8441), which wsbench does not speak, and prints one line of JSON.
//
//   node bench/http2.mjs down|up PORT TOKENS START SESSIONS SECONDS PID
//
// TOKENS is a file with one token a line, of which those from START on are used; PID is the proxy's process. Each
// session has a connection, with the windows that Chromium opens.
import { readFileSync } from "node:fs";
import { connect } from "node:http2";

const [kind, port, tokens, start, sessions, seconds, pid] = process.argv.slice(2);
const origin = `https://localhost:${port}`;
const MESSAGE = 16384;
const STREAM_WINDOW = 6 << 20;
const CONNECTION_WINDOW = 15 << 20;
const WARM_UP = 700;

function frame(payload) {
  const length = payload.length < 126 ? [payload.length] : [126, payload.length >> 8, payload.length & 255];
  const mask = [1, 2, 3, 4];
  const masked = payload.map((byte, at) => byte ^ mask[at % 4]);
  return Buffer.from([0x82, 0x80 | length[0], ...length.slice(1), ...mask, ...masked]);
}

/** The payload of whole frames, as far as they are there. */
function payloadOf(bytes) {
  const parts = [];
  for (let at = 0; at + 2 <= bytes.length; ) {
    let [head, length] = [2, bytes[at + 1] & 127];
    if (length === 126) [head, length] = [4, bytes.length < at + 4 ? 0 : bytes.readUInt16BE(at + 2)];
    if (length === 127) [head, length] = [10, bytes.length < at + 10 ? 0 : Number(bytes.readBigUInt64BE(at + 2))];
    parts.push(bytes.subarray(at + head, at + head + length));
    at += head + length;
  }
  return Buffer.concat(parts);
}

/** The words that the sink takes, which begin anew every MiB. */
function* stream() {
  const period = Buffer.alloc(1 << 20);
  for (let at = 0; at < period.length; at += 8) {
    period.writeBigUInt64LE(BigInt.asUintN(64, BigInt(at / 8 + 1) * 0x9e3779b97f4a7c15n), at);
  }
  const frames = [];
  for (let at = 0; at < period.length; at += MESSAGE) frames.push(frame(period.subarray(at, at + MESSAGE)));
  for (let next = 0; ; next = (next + 1) % frames.length) yield frames[next];
}

let bytes = 0;
function console_(token) {
  return new Promise((opened, failed) => {
    const client = connect(origin, { rejectUnauthorized: false, settings: { initialWindowSize: STREAM_WINDOW } });
    client.on("error", failed);
    client.once("remoteSettings", () => {
      client.setLocalWindowSize(CONNECTION_WINDOW);
      const request = client.request(
        {
          ":method": "CONNECT",
          ":protocol": "websocket",
          ":scheme": "https",
          ":path": `/websockify?token=${token}`,
          ":authority": `localhost:${port}`,
          origin,
          "sec-websocket-version": "13",
          "sec-websocket-protocol": "binary",
        },
        { endStream: false },
      );
      request.on("error", failed);
      request.on("response", (headers) => {
        if (headers[":status"] !== 200) failed(new Error(`answered ${headers[":status"]}`));
      });
      const steps = [
        [12, "RFB 003.008\n"],
        [14, "\x01"],
        [18, "\x01"],
      ];
      let early = Buffer.alloc(0);
      let greeted = false;
      let acknowledged = 0;
      request.on("data", (data) => {
        if (greeted) {
          if (kind === "down") bytes += data.length;
          else if (data.length >= 8) {
            // The last word is how much the sink has had in all.
            const total = Number(data.readBigUInt64LE(data.length - 8));
            bytes += total - acknowledged;
            acknowledged = total;
          }
          return;
        }
        early = Buffer.concat([early, data]);
        const payload = payloadOf(early);
        while (steps.length && payload.length >= steps[0][0]) {
          const [, answer] = steps.shift();
          request.write(frame(Buffer.from(answer, "latin1")));
        }
        if (payload.length > 18 + 24) {
          greeted = true;
          opened();
          if (kind === "up") {
            const frames = stream();
            const push = () => {
              while (request.write(frames.next().value));
            };
            request.on("drain", push);
            push();
          }
        }
      });
    });
  });
}

function cpuSeconds(of) {
  const fields = readFileSync(`/proc/${of}/stat`, "utf8").replace(/.*\) /, "").split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
const all = readFileSync(tokens, "utf8").split("\n");
const first = Number(start);
await Promise.all(all.slice(first, first + Number(sessions)).map(console_));
await pause(WARM_UP);
const before = { bytes, cpu: cpuSeconds(pid), at: performance.now() };
await pause(Number(seconds) * 1000);
const mib = (bytes - before.bytes) / (1 << 20);
const result = {
  mib_s: (mib * 1000) / (performance.now() - before.at),
  mib_per_proxy_cpu_s: mib / (cpuSeconds(pid) - before.cpu),
  errors: 0,
  next_token: first + Number(sessions),
};
process.stdout.write(`${JSON.stringify(result)}\n`);
process.exit(0);
