//! Real VNC servers, started on free ports or sockets and stopped by their own handle.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use oriel_domain::Address;
use oriel_rfb::auth::vnc_answer;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::{TcpStream, UnixStream};
use tokio::process::{Child, Command};

/// How long a server may take to be there.
const PATIENCE: Duration = Duration::from_secs(30);

pub const PASSWORD: &str = "secret12";

/// The key under which every VNC server hides the password that it keeps.
const KEEPING_KEY: [u8; 8] = [23, 82, 107, 6, 35, 78, 88, 7];

/// Where a server is to listen.
#[derive(Clone, Copy)]
pub enum On {
    Tcp,
    Unix,
}

pub struct Server {
    pub address: Address,
    process: Child,
    _folder: TempDir,
}

fn place(on: On, folder: &TempDir) -> Address {
    match on {
        On::Unix => Address::Unix(folder.path().join("vnc.sock")),
        On::Tcp => {
            let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            let host = "127.0.0.1".to_owned();
            let port = free.local_addr().unwrap().port();
            Address::Tcp { host, port }
        }
    }
}

impl Server {
    /// QEMU without a machine in it; its screen says so. `vnc` are further options of `-vnc`.
    pub async fn qemu(on: On, arguments: &[&str], vnc: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let address = place(on, &folder);
        let listen = match &address {
            Address::Unix(path) => format!("unix:{}{vnc}", path.display()),
            // QEMU counts from VNC's own first port.
            Address::Tcp { host, port } | Address::Telnet { host, port } => {
                format!("{host}:{}{vnc}", i32::from(*port) - 5900)
            }
        };
        let process = Command::new("qemu-system-x86_64")
            .args([
                "-machine",
                "none",
                "-nodefaults",
                "-display",
                "none",
                "-monitor",
                "none",
            ])
            .args(arguments)
            .args(["-vnc", &listen])
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("qemu-system-x86_64 is there: dev/deps.sh machine");
        let mut server = Self {
            address,
            process,
            _folder: folder,
        };
        tokio::time::timeout(PATIENCE, server.listens())
            .await
            .expect("QEMU listens");
        server
    }

    async fn listens(&mut self) {
        loop {
            let there = match &self.address {
                Address::Tcp { host, port } | Address::Telnet { host, port } => {
                    TcpStream::connect((host.as_str(), *port)).await.is_ok()
                }
                Address::Unix(path) => UnixStream::connect(path).await.is_ok(),
            };
            if there {
                return;
            }
            assert_eq!(self.process.try_wait().unwrap(), None, "QEMU has ended");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// TigerVNC's X server, which tells on its own when it is there.
    pub async fn xvnc(on: On, security: &str, arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let address = place(on, &folder);
        let kept = vnc_answer(
            &KEEPING_KEY,
            &[PASSWORD.as_bytes(), &[0; 8]].concat().try_into().unwrap(),
        );
        let password: PathBuf = folder.path().join("password");
        std::fs::write(&password, &kept[..8]).unwrap();
        let listen = match &address {
            Address::Unix(path) => [
                "-rfbport".into(),
                "-1".into(),
                "-rfbunixpath".into(),
                path.display().to_string(),
            ],
            Address::Tcp { port, .. } | Address::Telnet { port, .. } => [
                "-rfbport".into(),
                port.to_string(),
                "-localhost".into(),
                "-ac".into(),
            ],
        };
        let mut process = Command::new("Xvnc")
            .args([
                "-displayfd",
                "1",
                "-nolisten",
                "tcp",
                "-SecurityTypes",
                security,
                "-rfbauth",
            ])
            .arg(&password)
            .args(listen)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("Xvnc is there: dev/deps.sh test");
        let mut said = BufReader::new(process.stdout.take().unwrap());
        let mut display = String::new();
        tokio::time::timeout(PATIENCE, said.read_line(&mut display))
            .await
            .expect("Xvnc is there")
            .unwrap();
        assert!(
            display.trim().parse::<u32>().is_ok(),
            "Xvnc has ended: {display:?}"
        );
        Self {
            address,
            process,
            _folder: folder,
        }
    }
}
