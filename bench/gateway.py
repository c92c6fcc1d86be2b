#!/usr/bin/env python3
"""Measures the gateway beside its peers, in one run on one machine, and prints one table for each axis.

It starts Oriel, HAProxy, nginx and websockify in front of one synthetic back end, drives them over loopback with
wsbench, and ends all that it started. What counts is the figure per CPU second of the proxy's process: wall clocks on a
shared machine do not. Rows of one axis are measured in turns, and the median of each is shown.

BENCH_ROUNDS   turns of each row; default: 3
BENCH_SECONDS  how long each is measured; default: 3
BENCH_AXES     some of: down, down-tls, down-h2, up, up-tls, up-h2, latency, latency-busy, connect, connect-tls, idle,
               idle-tls, crowd; default: all but crowd
BENCH_IDLE     idle sessions; default: 2000
BENCH_CROWD    idle sessions beside which the axis crowd measures a round trip; default: 20000
BENCH_CONNECTS connects under way at a time, of each row; default: 8 and 64
NODE           what drives HTTP/2, which wsbench does not speak; default: node
BENCH_FOLDER   where the temporary folder is made; default: /var/tmp
WSBENCH        the driver; bench/run builds it
WEBSOCKIFY     websockify's command, where it is to be measured too
ORIEL_BIN      the binary to measure
"""

import hashlib
import json
import os
import resource
import shutil
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import uuid

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
SECONDS = os.environ.get("BENCH_SECONDS", "3")
IDLE = os.environ.get("BENCH_IDLE", "2000")
CROWD = int(os.environ.get("BENCH_CROWD", "20000"))
CONNECTS = os.environ.get("BENCH_CONNECTS", "8 64").split()
DEFAULT_AXES = "idle idle-tls down down-tls down-h2 up up-tls up-h2 latency latency-busy connect connect-tls".split()
ALL_AXES = [*DEFAULT_AXES, "crowd"]
AXES = os.environ.get("BENCH_AXES", " ".join(DEFAULT_AXES)).split()
if unknown := set(AXES) - set(ALL_AXES):
    sys.exit(f"there is no axis named {', '.join(unknown)}: {' '.join(ALL_AXES)}")
WSBENCH = os.environ["WSBENCH"]
ORIEL = os.environ["ORIEL_BIN"]
WEBSOCKIFY = os.environ.get("WEBSOCKIFY")
# The system may allow no more open files than that, and each session needs two, or four of HAProxy.
_, FILES = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, FILES))
MOST = min(60_000, FILES // 3 - 500)
MODES = ["firehose", "echo", "sink", "idle"]


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Bench:
    def __init__(self, folder):
        self.folder = folder
        self.children = []
        self.back_ends = {}
        # Where a next run has to go on, by peer and mode: a token opens once.
        self.next_token = {}

    def start(self, *command, port=None, **options):
        log = open(os.path.join(self.folder, f"{len(self.children)}.log"), "w")
        child = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True, **options)
        self.children.append(child)
        if port:
            deadline = time.monotonic() + 20
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    if child.poll() is not None or time.monotonic() > deadline:
                        sys.exit(f"{command[0]} did not start:\n{open(log.name).read()[-2000:]}")
                    time.sleep(0.05)
        return child

    def stop(self):
        for child in reversed(self.children):
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), "w") as file:
            file.write(text)
        return self.path(name)

    # One port for each behaviour: Oriel always asks a back end for its shared screen.
    def start_back_end(self):
        listen = []
        for mode in MODES:
            self.back_ends[mode] = free_port()
            listen += ["--listen", f"{self.back_ends[mode]}:{mode}"]
        self.back_end = self.start(WSBENCH, "backend", *listen, port=self.back_ends["idle"])

    def start_peers(self):
        self.ports = {
            (peer, mode): free_port()
            for peer in ["haproxy", "haproxy-splice", "haproxy-tls", "nginx", "nginx-tls", "websockify"]
            for mode in MODES
        }
        cert, key = self.path("cert.pem"), self.path("key.pem")
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
             "2", "-subj", "/CN=localhost", "-keyout", key, "-out", cert],
            check=True, capture_output=True,
        )
        both = self.write("both.pem", open(cert).read() + open(key).read())
        sections = []
        for mode in MODES:
            for name, bind, options in [
                ("haproxy", "", ""),
                ("haproxy-splice", "", "  option splice-response\n  option splice-request\n"),
                ("haproxy-tls", f" ssl crt {both}", ""),
            ]:
                sections.append(
                    f"listen {name}-{mode}\n  mode tcp\n{options}"
                    f"  bind 127.0.0.1:{self.ports[name, mode]}{bind}\n"
                    f"  server b 127.0.0.1:{self.back_ends[mode]}\n"
                )
        config = self.write(
            "haproxy.cfg",
            f"global\n  maxconn {MOST}\n  nbthread 2\ndefaults\n  timeout connect 5s\n  timeout client 1h\n"
            "  timeout server 1h\n" + "".join(sections),
        )
        self.haproxy = self.start("haproxy", "-db", "-f", config, port=self.ports["haproxy", "idle"])
        servers = "".join(
            f"server {{ listen 127.0.0.1:{self.ports[name, mode]}{tls}; proxy_pass 127.0.0.1:{self.back_ends[mode]};"
            f" proxy_buffer_size 64k; ssl_certificate {cert}; ssl_certificate_key {key}; }}\n"
            for mode in MODES
            for name, tls in [("nginx", ""), ("nginx-tls", " ssl")]
        )
        config = self.write(
            "nginx.conf",
            "load_module /usr/lib/nginx/modules/ngx_stream_module.so;\ndaemon off;\nworker_processes 2;\n"
            f"pid {self.path('nginx.pid')};\nerror_log {self.path('nginx.log')};\n"
            f"events {{ worker_connections {MOST}; }}\nstream {{\n" + servers + "}\n",
        )
        self.nginx = self.start("nginx", "-c", config, "-p", self.folder, port=self.ports["nginx", "idle"])
        self.websockify = {}
        if WEBSOCKIFY:
            for mode in MODES:
                port = self.ports["websockify", mode]
                self.websockify[mode] = self.start(
                    WEBSOCKIFY, f"127.0.0.1:{port}", f"127.0.0.1:{self.back_ends[mode]}", port=port
                )

    def start_oriel(self, scheme, name=None):
        name = name or scheme
        home = self.path(f"oriel-{name}")
        os.mkdir(home, 0o700)
        port = free_port()
        tls = "self-signed" if scheme == "https" else "off"
        config = os.path.join(home, "oriel.toml")
        with open(config, "w") as file:
            file.write(
                f'public_url = "{scheme}://localhost:{port}"\ndata_dir = "data"\n'
                f'[listen]\naddress = "127.0.0.1:{port}"\nmax_connections = {MOST}\n[tls]\nmode = "{tls}"\n'
                f'[inventory]\nfile = "servers.toml"\n[gateway]\nmax_sessions = {MOST}\nserial_linger = "0s"\n'
                '[log]\nlevel = "warn"\n'
            )
        servers = {mode: str(uuid.uuid4()) for mode in MODES}
        project = uuid.uuid4().hex
        with open(os.path.join(home, "servers.toml"), "w") as file:
            for mode, server in servers.items():
                # The sink takes bytes that are no messages of a viewer: a terminal line carries anything.
                kind = "serial" if mode == "sink" else "novnc"
                file.write(
                    f'[[server]]\nid = "{server}"\nname = "{mode}"\nproject = "{project}"\n'
                    f'[server.console.{kind}]\nback_end = "tcp:127.0.0.1:{self.back_ends[mode]}"\n'
                )
        environment = {k: v for k, v in os.environ.items() if not k.startswith("ORIEL_")}
        child = self.start(ORIEL, "serve", "--config", config, port=port, env=environment)
        database = os.path.join(home, "data", "oriel.db")
        self.mint(name, database, project, servers)
        return child, port

    # Straight into the database: minting has a bench of its own.
    def mint(self, name, database, project, servers):
        now = int(time.time())
        rows = []
        for mode, server in servers.items():
            tokens = []
            for _ in range(120_000 if mode == "idle" else 2_000):
                token = str(uuid.uuid4())
                tokens.append(token)
                rows.append((hashlib.sha256(token.encode()).digest(), "bench", project, server,
                             "serial" if mode == "sink" else "novnc", "one", now, now + 86400))
            self.write(f"tokens-{name}-{mode}", "\n".join(tokens))
        with sqlite3.connect(database, timeout=30) as db:
            db.executemany(
                "INSERT INTO grants (token_hash, user_id, project_id, server_id, console, uses, created_at,"
                " expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)

    def drive(self, kind, target, mode, *options):
        if isinstance(target, Http2):
            return target.drive(self, mode)
        peer, url, pid, extra = target(mode)
        command = [WSBENCH, kind, "--url", url, "--proxy-pid", str(pid), "--backend-pid", str(self.back_end.pid),
                   "--secs", SECONDS, *options, *extra]
        if extra:
            command += ["--token-start", str(self.next_token.get((peer, mode), 0))]
        done = subprocess.run(command, capture_output=True, text=True, timeout=600)
        if done.returncode:
            sys.exit(f"{' '.join(command)}: {done.stderr}")
        result = json.loads(done.stdout.splitlines()[-1])
        if extra:
            self.next_token[peer, mode] = result.get("next_token", 0)
        return result

    def peer(self, name, child, scheme):
        return lambda mode: (
            name, f"{scheme}://127.0.0.1:{self.ports[name, mode]}/",
            (child[mode] if isinstance(child, dict) else child).pid, [],
        )

    def oriel(self, name, scheme):
        child, port = self.oriels[scheme]
        ws = "wss" if scheme == "https" else "ws"
        return lambda mode: (
            name, f"{ws}://127.0.0.1:{port}/websockify?token={{token}}", child.pid,
            ["--tokens", self.path(f"tokens-{scheme}-{mode}"), "--header", f"Origin: {scheme}://localhost:{port}"],
        )

    def axis(self, title, kind, mode, rows, fields, options=()):
        print(f"\n{title}", flush=True)
        results = {name: [] for name, _ in rows}
        for _ in range(ROUNDS):
            for name, target in rows:
                results[name].append(self.drive(kind, target, mode, *options))
        print(f"  {'':18}" + "".join(f"{head:>16}" for head, _ in fields) + f"{'of the first':>14}{'errors':>8}")
        first = None
        for name, _ in rows:
            def median(field, name=name):
                values = [r[field] for r in results[name] if r.get(field) is not None]
                return statistics.median(values) if values else float("nan")
            values = [median(field) for _, field in fields]
            first = first or values[0]
            errors = sum(r["errors"] for r in results[name])
            print(f"  {name:18}" + "".join(f"{value:16.2f}" for value in values)
                  + f"{values[0] / first:14.2f}{errors:8}", flush=True)
            for r in results[name]:
                if r.get("error_text"):
                    print(f"    {r['error_text']}")
                    break

    def run(self):
        self.start_back_end()
        self.start_peers()
        self.oriels = {scheme: self.start_oriel(scheme) for scheme in ["http", "https"]}
        haproxy = ("haproxy", self.peer("haproxy", self.haproxy, "tcp"))
        splice = ("haproxy-splice", self.peer("haproxy-splice", self.haproxy, "tcp"))
        haproxy_tls = ("haproxy-tls", self.peer("haproxy-tls", self.haproxy, "tls"))
        nginx = ("nginx", self.peer("nginx", self.nginx, "tcp"))
        nginx_tls = ("nginx-tls", self.peer("nginx-tls", self.nginx, "tls"))
        websockify = [("websockify", self.peer("websockify", self.websockify, "ws"))] if WEBSOCKIFY else []
        oriel = ("oriel", self.oriel("oriel", "http"))
        oriel_tls = ("oriel-tls", self.oriel("oriel-tls", "https"))
        bytes_ = [("MiB/CPU s", "mib_per_proxy_cpu_s"), ("MiB/s", "mib_s"), ("others' CPU s", "other_cpu_s")]
        small = [("p50 us", "p50_us"), ("p99 us", "p99_us"), ("CPU us/message", "proxy_cpu_us_per_msg")]
        connects = [("connects/CPU s", "conn_per_proxy_cpu_s"), ("connects/s", "conn_s"), ("p99 us", "p99_us")]
        memory = [("KiB/session", "pss_kib_per_session"), ("alive", "alive"), ("CPU ms/s", "idle_cpu_ms_per_s")]
        # First, in programs that nothing has grown yet.
        if "idle" in AXES:
            self.axis(f"{IDLE} idle sessions, plain", "idle", "idle", [oriel, haproxy], memory, ["--conns", IDLE])
        if "idle-tls" in AXES:
            self.axis(f"{IDLE} idle sessions, TLS", "idle", "idle", [oriel_tls, haproxy_tls], memory,
                      ["--conns", IDLE])
        if "down" in AXES:
            self.axis("Downstream, plain, 8 sessions", "downstream", "firehose",
                      [haproxy, splice, nginx, oriel, *websockify], bytes_, ["--conns", "8"])
        if "down-tls" in AXES:
            self.axis("Downstream, TLS, 8 sessions", "downstream", "firehose",
                      [haproxy_tls, nginx_tls, oriel_tls], bytes_, ["--conns", "8"])
        if "down-h2" in AXES:
            h2 = ("oriel-h2", Http2("oriel-h2", *self.oriels["https"], 8))
            self.axis("Downstream, TLS, 8 sessions: HTTP/1.1 and HTTP/2", "downstream", "firehose",
                      [oriel_tls, h2], bytes_, ["--conns", "8"])
        if "up-tls" in AXES:
            self.axis("Upstream, TLS, 1 session, 16 KiB messages", "upstream", "sink",
                      [haproxy_tls, nginx_tls, oriel_tls], bytes_, ["--conns", "1"])
        if "up-h2" in AXES:
            h2 = ("oriel-h2", Http2("oriel-h2", *self.oriels["https"], 1))
            self.axis("Upstream, TLS, 1 session, 16 KiB messages: HTTP/1.1 and HTTP/2", "upstream", "sink",
                      [oriel_tls, h2], bytes_, ["--conns", "1"])
        if "up" in AXES:
            self.axis("Upstream, plain, 1 session, 16 KiB messages", "upstream", "sink",
                      [haproxy, oriel, *websockify], bytes_, ["--conns", "1"])
        latency = [haproxy, oriel, *websockify]
        if "latency" in AXES:
            self.axis("Round trip, 1 session, 200 messages/s", "latency", "echo", latency, small,
                      ["--conns", "1", "--rate", "200"])
            self.axis("Round trip, 100 sessions, 10 messages/s each", "latency", "echo", latency, small,
                      ["--conns", "100", "--rate", "10"])
        if "latency-busy" in AXES:
            for name, target in latency:
                _, url, _, extra = target("firehose")
                start = ["--token-start", "1900"] if extra else []
                hose = subprocess.Popen([WSBENCH, "downstream", "--url", url, "--conns", "1", "--secs",
                                         str(ROUNDS * (float(SECONDS) + 2) + 1), *extra, *start],
                                        stdout=subprocess.DEVNULL)
                self.axis(f"Round trip, 1 session beside a firehose: {name}", "latency", "echo", [(name, target)],
                          small, ["--conns", "1", "--rate", "200"])
                hose.kill()
                hose.wait()
        for conc in CONNECTS:
            if "connect" in AXES:
                self.axis(f"Connects, plain, {conc} at a time", "connect", "idle", [*websockify, oriel, haproxy],
                          connects, ["--conc", conc])
            if "connect-tls" in AXES:
                self.axis(f"Connects, TLS, {conc} at a time", "connect", "idle", [nginx_tls, oriel_tls], connects,
                          ["--conc", conc])
        if "crowd" in AXES:
            self.crowd(small)

    # A process may have so many open files; the machine has room for several.
    def crowd(self, fields):
        processes = -(-CROWD // MOST)
        each = -(-CROWD // processes)
        crowded = []
        for number in range(processes):
            self.start_back_end()
            child, port = self.start_oriel("http", f"crowd-{number}")
            crowded.append((self.back_end, child, port))
        back_end, child, port = crowded[0]
        self.back_end = back_end
        self.oriels["crowd"] = child, port

        def target(mode):
            url = f"ws://127.0.0.1:{port}/websockify?token={{token}}"
            header = f"Origin: http://localhost:{port}"
            return "crowd", url, child.pid, ["--tokens", self.path(f"tokens-crowd-0-{mode}"), "--header", header]

        options = ["--conns", "1", "--rate", "200"]
        self.axis("Round trip, 1 session, alone", "latency", "echo", [("oriel", target)], fields, options)
        # What the rounds take with the drivers' own warm-up, and a margin.
        lasts = str(ROUNDS * (float(SECONDS) + 2) + 10)
        drivers = []
        for number, (_, other, its_port) in enumerate(crowded):
            drivers.append(subprocess.Popen(
                [WSBENCH, "idle", "--url", f"ws://127.0.0.1:{its_port}/websockify?token={{token}}", "--proxy-pid",
                 str(other.pid), "--conns", str(each), "--secs", lasts, "--tokens",
                 self.path(f"tokens-crowd-{number}-idle"), "--header", f"Origin: http://localhost:{its_port}"],
                stdout=subprocess.PIPE, text=True))
        deadline = time.monotonic() + 120
        for _, other, _ in crowded:
            while len(os.listdir(f"/proc/{other.pid}/fd")) < 2 * each:
                if time.monotonic() > deadline:
                    sys.exit(f"not all of {each} idle sessions began")
                time.sleep(0.1)
        self.axis(f"Round trip, 1 session, beside {processes * each} idle ones in {processes} processes", "latency",
                  "echo", [("oriel", target)], fields, options)
        for driver in drivers:
            out, _ = driver.communicate(timeout=300)
            result = json.loads(out.splitlines()[-1])
            print(f"  {result['alive']} of {each} still alive; {result['pss_kib_per_session']:.1f} KiB a session,"
                  f" {result['idle_cpu_ms_per_s']:.1f} CPU ms a second in all, opened in {result['open_secs']:.1f} s")


class Http2:
    """The console of an Oriel over HTTP/2, by a driver of its own."""

    def __init__(self, name, child, port, sessions):
        self.name, self.child, self.port, self.sessions = name, child, port, sessions

    def drive(self, bench, mode):
        kind = {"firehose": "down", "sink": "up"}[mode]
        start = bench.next_token.get((self.name, mode), 1000)
        driver = os.path.join(os.path.dirname(os.path.abspath(__file__)), "http2.mjs")
        command = [os.environ.get("NODE", "node"), driver, kind, self.port, bench.path(f"tokens-https-{mode}"), start,
                   self.sessions, SECONDS, self.child.pid]
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=120)
        if done.returncode:
            sys.exit(f"{command}: {done.stderr}")
        result = json.loads(done.stdout)
        bench.next_token[self.name, mode] = result["next_token"]
        return result


def main():
    folder = tempfile.mkdtemp(prefix="oriel-bench.", dir=os.environ.get("BENCH_FOLDER", "/var/tmp"))
    bench = Bench(folder)
    try:
        bench.run()
    finally:
        bench.stop()
        shutil.rmtree(folder)


main()
