//! What was answered is kept: Oriel is killed under load, and every link that it gave out opens.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may panic and print, its helpers too"
)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use oriel_domain::ConsoleToken;
use oriel_store::Store;
use serde_json::{Value, json};
use time::OffsetDateTime;

const SERVER: &str = "5c8d6f0e-2f6f-4c1b-9d0e-000000000001";
const CALLERS: usize = 16;
/// Answers to wait for before the kill.
const ANSWERS: usize = 500;

/// An Oriel of this test's own, killed when it goes out of scope.
struct Oriel {
    process: Child,
    address: String,
}

impl Oriel {
    fn start(folder: &Path) -> Self {
        let mut process = command(folder)
            .arg("serve")
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(process.stderr.take().unwrap()).lines();
        let address = log
            .by_ref()
            .map(Result::unwrap)
            .find_map(|line| Some(line.split_once("address=")?.1.split(' ').next()?.to_owned()))
            .unwrap();
        // A log that nobody reads would stop it.
        thread::spawn(move || log.for_each(drop));
        Self { process, address }
    }

    /// SIGKILL: nothing is finished, nothing is closed.
    fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Oriel {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_oriel"));
    command.env("ORIEL_CONFIG", folder.join("oriel.toml"));
    command
}

/// A configuration, a user and a server; the project's id.
fn prepare(folder: &Path) -> String {
    let config = "public_url = 'http://localhost'\ndata_dir = 'data'\n\
        [listen]\naddress = '127.0.0.1:0'\n[tls]\nmode = 'off'\n[inventory]\nfile = 'servers.toml'\n";
    std::fs::write(folder.join("oriel.toml"), config).unwrap();
    std::fs::write(folder.join("password"), "correct horse battery\n").unwrap();
    let made = command(folder)
        .args(["bootstrap", "--json", "--password-file"])
        .arg(folder.join("password"))
        .output()
        .unwrap();
    let made: Value = serde_json::from_slice(&made.stdout).unwrap();
    let project = made["project"]["id"].as_str().unwrap().to_owned();
    let servers = format!(
        "[[server]]\nid = '{SERVER}'\nname = 'one'\nproject = '{project}'\nstatus = 'ACTIVE'\nhost = 'here'\n\
         [server.console.novnc]\nback_end = 'tcp:127.0.0.1:1'\n"
    );
    std::fs::write(folder.join("servers.toml"), servers).unwrap();
    project
}

/// One call on a connection that stays open: the answer's head and body.
fn call(
    connection: &mut BufReader<TcpStream>,
    path: &str,
    headers: &str,
    body: &Value,
) -> std::io::Result<(String, Value)> {
    let body = body.to_string();
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n{headers}\r\n{body}",
        body.len()
    );
    connection.get_mut().write_all(request.as_bytes())?;
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if connection.read_line(&mut head)? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
    let length = header(&head, "content-length").parse().unwrap();
    let mut body = vec![0; length];
    connection.read_exact(&mut body)?;
    Ok((head, serde_json::from_slice(&body).unwrap()))
}

fn header<'a>(head: &'a str, name: &str) -> &'a str {
    let mut lines = head.lines().filter_map(|line| line.split_once(':'));
    lines
        .find(|(given, _)| given.eq_ignore_ascii_case(name))
        .unwrap()
        .1
        .trim()
}

fn connect(address: &str) -> BufReader<TcpStream> {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    BufReader::new(stream)
}

/// A token of the admin.
fn log_in(address: &str, project: &str) -> String {
    let login = json!({ "auth": {
        "identity": { "methods": ["password"], "password": { "user": {
            "name": "admin", "domain": { "id": "default" }, "password": "correct horse battery",
        } } },
        "scope": { "project": { "id": project } },
    } });
    let (head, _) = call(&mut connect(address), "/identity/v3/auth/tokens", "", &login).unwrap();
    header(&head, "x-subject-token").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_link_that_was_answered_outlives_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let project = prepare(folder.path());
    let mut oriel = Oriel::start(folder.path());
    let auth = format!("X-Auth-Token: {}\r\n", log_in(&oriel.address, &project));

    let (answered, answers) = mpsc::channel();
    for _ in 0..CALLERS {
        let (answered, auth, address) = (answered.clone(), auth.clone(), oriel.address.clone());
        thread::spawn(move || {
            let mut connection = connect(&address);
            let path = format!("/v2.1/servers/{SERVER}/action");
            let ask = json!({ "os-getVNCConsole": { "type": "novnc" } });
            while let Ok((head, body)) = call(&mut connection, &path, &auth, &ask) {
                assert!(head.starts_with("HTTP/1.1 200"), "{head}");
                answered
                    .send(body["console"]["url"].as_str().unwrap().to_owned())
                    .unwrap();
            }
        });
    }
    drop(answered);
    let mut links = answers.iter().take(ANSWERS).collect::<Vec<_>>();
    oriel.kill();
    links.extend(answers);
    assert!(links.len() >= ANSWERS, "{}", links.len());

    let store = Store::open(&folder.path().join("data/oriel.db")).await.unwrap();
    for link in links {
        let token = link.split_once("token=").unwrap().1.split('&').next().unwrap();
        let token: ConsoleToken = token.parse().unwrap();
        let redeemed = store
            .redeem(
                &token.digest(),
                None,
                time::Duration::HOUR,
                OffsetDateTime::now_utc(),
                None,
            )
            .await
            .unwrap();
        assert!(redeemed.is_ok(), "{redeemed:?}");
    }
    store.close().await;
}
