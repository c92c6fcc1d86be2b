import assert from "node:assert/strict";
import { once } from "node:events";
import { copyFile, readFile } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import { connect } from "node:tls";
import { BackEnd, bell } from "../harness/back-ends.js";
import { Authority } from "../harness/certificates.js";
import { makeFolder, removeFolder } from "../harness/folder.js";
import { Oriel } from "../harness/oriel.js";
import { Viewer } from "../harness/viewer.js";
import { until } from "../harness/wait.js";

describe("TLS at the port", () => {
  let folder;
  let authority;
  let backEnd;

  before(async () => {
    folder = await makeFolder();
    backEnd = await BackEnd.start(bell);
    authority = await Authority.make(folder);
    await authority.sign("console", "localhost", "console.example");
    await authority.sign("cloud", "*.cloud.example");
    await authority.sign("next", "localhost", "console.example");
  });

  after(async () => {
    await backEnd?.stop();
    await removeFolder(folder);
  });

  async function withOriel(act, settings = "") {
    const own = { certificate: authority.certificate("own"), key: authority.key("own") };
    await copyFile(authority.certificate("console"), own.certificate);
    await copyFile(authority.key("console"), own.key);
    const oriel = await Oriel.start({
      servers: { white: backEnd.address },
      caFile: authority.file,
      lines: `[tls]
mode = "files"
certificate = "${own.certificate}"
key = "${own.key}"
further = [
  { certificate = "${authority.certificate("cloud")}", key = "${authority.key("cloud")}" },
]
${settings}
`,
    });
    try {
      await act(oriel, own);
    } finally {
      await oriel.stop();
    }
  }

  /** One handshake: the version that was agreed on, and whose certificate came, or the alert. */
  async function handshake(oriel, { name, version } = {}) {
    const socket = connect({
      host: "127.0.0.1",
      port: oriel.port,
      ca: await readFile(authority.file),
      checkServerIdentity: () => undefined,
      ...(name && { servername: name }),
      ...(version && { minVersion: version, maxVersion: version }),
      // Without this, today's OpenSSL offers nothing older than 1.2 at all.
      ...(version === "TLSv1.1" && { ciphers: "DEFAULT@SECLEVEL=0" }),
    });
    try {
      await once(socket, "secureConnect");
      const { subject, fingerprint256 } = socket.getPeerCertificate();
      return { version: socket.getProtocol(), certificate: subject.CN, fingerprint256 };
    } catch ({ code }) {
      return { refused: code };
    } finally {
      socket.destroy();
    }
  }

  test("a client gets the certificate for the name that it asks for, else the first", () =>
    withOriel(async (oriel) => {
      for (const [name, certificate] of [
        ["console.example", "console"],
        ["localhost", "console"],
        ["a.cloud.example", "cloud"],
        ["A.CLOUD.example", "cloud"],
        ["a.b.cloud.example", "console"],
        ["cloud.example", "console"],
        ["nobody.example", "console"],
        [undefined, "console"],
      ]) {
        for (const version of ["TLSv1.2", "TLSv1.3"]) {
          const got = await handshake(oriel, { name, version });
          assert.deepEqual([got.version, got.certificate], [version, certificate], name);
        }
      }
    }));

  /** The server's own word, an alert: it is not that this client would not. */
  const refuses = async (oriel, version) =>
    assert.match((await handshake(oriel, { version })).refused, /^ERR_SSL_(SSL|TLS)V\w+_ALERT_/);

  test("1.2 and 1.3 are spoken, and nothing older", () =>
    withOriel(async (oriel) => {
      assert.equal((await handshake(oriel)).version, "TLSv1.3");
      assert.equal((await handshake(oriel, { version: "TLSv1.2" })).version, "TLSv1.2");
      await refuses(oriel, "TLSv1.1");
    }));

  test('with tls.min_version = "1.3", 1.2 is refused', () =>
    withOriel(async (oriel) => {
      assert.equal((await handshake(oriel)).version, "TLSv1.3");
      await refuses(oriel, "TLSv1.2");
      await refuses(oriel, "TLSv1.1");
    }, 'min_version = "1.3"'));

  test("a certificate that is exchanged is shown to who comes then; a session goes on", () =>
    withOriel(async (oriel, own) => {
      const token = (await oriel.link("white")).searchParams.get("token");
      const viewer = await Viewer.open(oriel, token);
      const rings = async () => {
        const { heard } = viewer;
        viewer.press();
        await until("the bell", () => viewer.heard > heard);
      };
      try {
        await rings();

        // Half of the exchange is not served.
        await copyFile(authority.certificate("next"), own.certificate);
        await oriel.logs("the refusal", ({ message }) => /certificate was refused/.test(message));
        assert.equal((await handshake(oriel)).certificate, "console");
        await rings();

        await copyFile(authority.key("next"), own.key);
        await oriel.logs("the exchange", ({ message }) => /was read again/.test(message));
        assert.equal((await handshake(oriel)).certificate, "next");
        assert.equal((await handshake(oriel, { name: "a.cloud.example" })).certificate, "cloud");
        await rings();
        assert.ok(!oriel.events.some(({ message }) => message === "session ended"));
      } finally {
        viewer.close();
      }
    }));
});
