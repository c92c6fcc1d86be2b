//! Real servers with something to show: QEMU with a boot sector that draws, Xvnc with pictures from an X client.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How long a server may take to listen.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server that ends with this value.
pub struct Server {
    child: Child,
    socket: PathBuf,
    _folder: TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    pub fn connect(&self) -> UnixStream {
        let began = Instant::now();
        loop {
            match UnixStream::connect(&self.socket) {
                Ok(stream) => {
                    stream.set_read_timeout(Some(PATIENCE)).unwrap();
                    return stream;
                }
                Err(error) => assert!(began.elapsed() < PATIENCE, "{error}"),
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Sets mode 13h (320x200, 256 colours) and fills the screen with a pattern that moves with each tick of the clock:
/// `pixel = (offset + frame) ^ high byte`, in the upper part only.
const BOOT: [u8; 33] = [
    0xb8, 0x13, 0x00, // mov ax, 13h
    0xcd, 0x10, // int 10h
    0x68, 0x00, 0xa0, // push a000h
    0x07, // pop es
    0x31, 0xdb, // xor bx, bx
    0x31, 0xff, // frame: xor di, di
    0x89, 0xf8, // pixel: mov ax, di
    0x01, 0xd8, // add ax, bx
    0x30, 0xe0, // xor al, ah
    0xaa, // stosb
    0x81, 0xff, 0x00, 0x7d, // cmp di, 32000
    0x72, 0xf3, // jb pixel
    0x43, // inc bx
    0xfb, // sti
    0xf4, // hlt
    0xeb, 0xec, // jmp frame
    0x90, 0x90,
];

pub fn qemu() -> Server {
    let folder = tempfile::tempdir().unwrap();
    let (socket, floppy) = (folder.path().join("vnc.sock"), folder.path().join("boot.img"));
    let mut image = vec![0; 1_474_560];
    image[..BOOT.len()].copy_from_slice(&BOOT);
    image[510..512].copy_from_slice(&[0x55, 0xaa]);
    std::fs::write(&floppy, image).unwrap();
    let child = Command::new("qemu-system-x86_64")
        .args([
            "-nodefaults",
            "-accel",
            "tcg",
            "-m",
            "16",
            "-vga",
            "std",
            "-boot",
            "a",
        ])
        .arg("-display")
        .arg("none")
        .arg("-vnc")
        .arg(format!("unix:{},lossy=on", socket.display()))
        .arg("-drive")
        .arg(format!("if=floppy,format=raw,file={}", floppy.display()))
        .stdin(Stdio::null())
        .spawn()
        .expect("QEMU is installed by `dev/deps.sh machine`");
    Server {
        child,
        socket,
        _folder: folder,
    }
}

/// Xvnc, and what draws on it.
pub fn xvnc() -> (Server, Painter) {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("vnc.sock");
    let mut child = Command::new("Xvnc")
        .args(["-displayfd", "1", "-geometry", "400x300", "-depth", "24", "-ac"])
        .args(["-SecurityTypes", "None", "-nolisten", "tcp", "-rfbport", "-1"])
        .arg("-rfbunixpath")
        .arg(&socket)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("Xvnc is installed by `dev/deps.sh test`");
    let mut display = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut display)
        .unwrap();
    let painter = Painter::new(display.trim());
    let server = Server {
        child,
        socket,
        _folder: folder,
    };
    (server, painter)
}

/// The few requests of the X protocol that put pictures on the root window.
pub struct Painter {
    stream: UnixStream,
    root: [u8; 4],
    context: [u8; 4],
    drawn: u32,
}

impl Painter {
    fn new(display: &str) -> Self {
        let mut stream = UnixStream::connect(format!("/tmp/.X11-unix/X{display}")).unwrap();
        // Little-endian, protocol 11.0, no authorization.
        stream.write_all(b"l\0\x0b\0\0\0\0\0\0\0\0\0").unwrap();
        let mut head = [0; 8];
        stream.read_exact(&mut head).unwrap();
        assert_eq!(head[0], 1, "the connection is accepted");
        let mut setup = vec![0; 4 * usize::from(u16::from_le_bytes([head[6], head[7]]))];
        stream.read_exact(&mut setup).unwrap();
        let vendor = usize::from(u16::from_le_bytes([setup[16], setup[17]])).next_multiple_of(4);
        let formats = usize::from(setup[21]);
        let root: [u8; 4] = setup[32 + vendor + 8 * formats..][..4].try_into().unwrap();
        let context: [u8; 4] = setup[4..8].try_into().unwrap();
        // CreateGC with no values.
        stream
            .write_all(&[&[55, 0, 4, 0], &context[..], &root, &[0; 4]].concat())
            .unwrap();
        Self {
            stream,
            root,
            context,
            drawn: 0,
        }
    }

    /// Where it draws now.
    fn place(&self) -> (u16, u16) {
        ((self.drawn * 37 % 300) as u16, (self.drawn * 53 % 230) as u16)
    }

    /// Draws the next of several pictures.
    pub fn draw(&mut self) {
        self.drawn += 1;
        let seed = self.drawn;
        let (w, h) = (96_u16, 64_u16);
        let mut pixels = Vec::new();
        for y in 0..u32::from(h) {
            for x in 0..u32::from(w) {
                let pixel = match seed % 4 {
                    // One colour, a few, a soft change, and noise.
                    0 => seed.wrapping_mul(0x001f_3d5b),
                    1 => [0x00ff_0000, 0x0000_ff00, 0x00ff_ffff, 0x0000_0000, 0x0080_8080]
                        [(x / 7 + y / 5 + seed) as usize % 5],
                    2 => (x * 2) << 16 | (y * 3) << 8 | ((x + y + seed) & 0xff),
                    _ => (x * 7919 + y * 104_729 + seed).wrapping_mul(0x9e37_79b9) >> 8,
                };
                pixels.extend((pixel & 0x00ff_ffff).to_le_bytes());
            }
        }
        let (x, y) = self.place();
        let units = u16::try_from(6 + pixels.len() / 4).unwrap();
        // PutImage of 24 bits.
        let mut request = vec![72, 2];
        request.extend(units.to_le_bytes());
        request.extend(self.root);
        request.extend(self.context);
        for number in [w, h, x, y] {
            request.extend(number.to_le_bytes());
        }
        request.extend([0, 24, 0, 0]);
        request.extend(pixels);
        // Bell.
        request.extend([104, 50, 1, 0]);
        self.stream.write_all(&request).unwrap();
    }

    /// Moves what was drawn last, by a few pixels.
    pub fn shift(&mut self) {
        let (x, y) = self.place();
        // CopyArea.
        let mut request = vec![62, 0, 7, 0];
        request.extend(self.root);
        request.extend(self.root);
        request.extend(self.context);
        for number in [x, y, x + 3, y + 5, 96, 64] {
            request.extend(number.to_le_bytes());
        }
        self.stream.write_all(&request).unwrap();
    }
}
