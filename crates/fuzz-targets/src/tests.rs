//! Each target on good bytes that are broken in many ways, the same ways in every run.

use proptest::prelude::Rng as _;
use proptest::test_runner::{RngAlgorithm, TestRng};

use crate::{
    back_end, client_messages, framer, frames, painter, proxy_header, rules, server_init, spice, telnet,
    upgrade, viewer,
};

/// How many inputs each target gets.
const RUNS: usize = 20_000;

/// A target, and good beginnings for it, so that what is broken gets past the first byte.
type Seeded = (fn(&[u8]), &'static [&'static [u8]]);

/// All targets.
const ALL: [Seeded; 12] = [
    (back_end, &[
            b"\x07RFB 003.008\n\x02\x01\x02\0\0\0\0",
            b"\x07RFB 003.003\n\0\0\0\x01",
            b"\x07RFB 003.008\n\0\0\0\0\x05sorry",
            // VNC authentication, in each version.
            b"\x07RFB 003.008\n\x01\x02challengechallen\0\0\0\x01\0\0\0\x05sorry",
            b"\x07RFB 003.007\n\x01\x02challengechallen\0\0\0\0",
            b"\x07RFB 003.003\n\0\0\0\x02challengechallen\0\0\0\x02",
            // VeNCrypt: X509Vnc, X509Plain, and TLSNone before X509None.
            b"\x07RFB 003.008\n\x01\x13\0\x02\0\x01\0\0\x01\x05\x01challengechallen\0\0\0\0",
            b"\x07RFB 003.008\n\x02\x02\x13\0\x02\0\x01\0\0\x01\x06\x01\0\0\0\0",
            b"\x07RFB 003.008\n\x01\x13\0\x02\0\x02\0\0\x01\x01\0\0\x01\x04\x01\0\0\0\0",
        ]),
    (proxy_header, &[
            b"PROXY TCP4 192.0.2.7 10.0.0.1 8080 443\r\nGET /",
            b"PROXY TCP6 2001:db8::7 ::1 8080 443\r\n",
            b"PROXY UNKNOWN\r\n",
            b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x07\x0a\0\0\x01\x1f\x90\x01\xbbGET /",
            b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0",
        ]),
    (rules, &[
            b"\x03\x00\x02\0\0\x04\0\0\0\x07\xff\xff\xfe\xcc\xff\xff\xfe\xfe\xc0\xa1\xe5\xce\x04\x01\0\0\0\0\0\x61\x05\x01\0\x09\0\x09",
            b"\x04\x1f\x06\0\0\0\0\0\0\x03abc\xff\0\0\x01\0\0\0\x61\0\0\0\x1e\xfb\0\0\x40\0\x40\x01\0aaaaaaaaaaaaaaaa",
            b"\x05\x01\xfa\0\x01\x04\xff\x01\0\0\xf8\0\0\0\x80\0\0\0\x02\x07\x07\x03\x01\0\0\0\0\0\x40\0\x40",
        ]),
    (viewer, &[b"\x05RFB 003.008\n\x01\x01", b"\x05RFB 003.003\n\x01"]),
    (server_init, &[b"\x09\x04\0\x03\0\x20\x18\0\x01\0\xff\0\xff\0\xff\x10\x08\0\0\0\0\0\0\0\x05web-1"]),
    (client_messages, &[
            b"\x03\x02\0\0\x02\0\0\0\x07\0\0\0\0\x04\x01\0\0\0\0\0\x61\x05\x81\0\x09\0\x09\x01",
            b"\x04\x06\0\0\0\0\0\0\x03abc\xff\0\0\x01\0\0\0\x61\0\0\0\x1e\xfb\0\0\x40\0\x40\x01\0aaaaaaaaaaaaaaaa",
        ]),
    (framer, &[
            b"\x03\x02\x10\x10\0\0\0\x01\0\0\0\0\0\x14\0\x12\0\0\0\x05\0\x02aaaa\x08\x01bb\0",
            b"\x03\x02\x10\x10\0\0\0\x02\0\0\0\0\0\x14\0\x12\0\0\0\x07\x50\x01\x01aaaaaa\x05ccccc\0\0\0\0\0\x02\0\x02\xff\xff\xff\x11aaaaaaaaaaaaaaaaaaa",
            b"\x03\x02\x10\x10\0\0\xff\xff\0\0\0\0\0\x14\0\x12\0\0\0\x15\xff\xd8\xff\xda\0\x02aa\xff\0\xff\xd9\0\0\0\0\0\0\0\0\xff\xff\xff\x20\x02",
            b"\x03\x02\x10\x10\x03\0\0\0\0\0\0\x03abc\x01\0\0\0\0\x01aaaaaa\xf8\0\0\0\0\0\0\0\x02aa\x96",
        ]),
    (painter, &[
            b"\x03\x12\x02\0\0\0\x01\0\0\0\0\0\x12\0\x02\0\0\0\x05\x0ebbbbffff\x01\x10\x10\x18\x01cccc\0\0",
            b"\x05\x02\x01\0\0\0\x03\0\0\0\0\0\x02\0\x01\0\0\0\0aaaabbbb\0\0\0\0\0\x04\0\x01\xff\xff\xff\x21\0\0\0\0\0\0\0\0\xff\xff\xff\x20\0\0\0\x01\0\0\0\0\0\x04\0\x01\0\0\0\x05\x01ccccddddeeeeffff",
        ]),
    (frames, &[b"\x05\x82\x83\x01\x02\x03\x04abc\x89\x80\0\0\0\0\x02\x81aaaab\x80\xfe\0\x02aaaabb\x88\x82\0\0\0\0\x03\xe8"]),
    (upgrade, &[b"upgrade:websocket\nconnection:keep-alive, Upgrade\nsec-websocket-version:13\nsec-websocket-key:dGhlIHNhbXBsZSBub25jZQ==\nsec-websocket-protocol:binary"]),
    (telnet, &[b"\x03\xff\xfb\x01\xff\xfb\x03\xff\xfb\0\xff\xfd\0login\r\0\xff\xff\xff\xfa\x18\x01\xff\xf0: "]),
    (spice, &[
            b"REDQ\x02\0\0\0\x02\0\0\0\x1a\0\0\0\0\0\0\0\x01\0\x01\0\0\0\x01\0\0\0\x12\0\0\0\x09\0\0\0\x08\0\0\0",
            // A reply, whose key is all alike.
            b"REDQ\x02\0\0\0\x02\0\0\0\xba\0\0\0\0\0\0\0kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk\x01\0\0\0\x01\0\0\0\xb2\0\0\0\x0b\0\0\0\x09\0\0\0",
        ]),
];

/// Numbers on which parsers trip.
const EDGES: [u8; 12] = [0, 1, 2, 3, 5, 7, 16, 0x7f, 0x80, 0xfe, 0xff, 0xd9];

#[test]
fn every_target_holds_on_broken_bytes() {
    for (target, seeds) in ALL {
        let mut random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
        let mut below = |most: usize| random.next_u32() as usize % most.max(1);
        target(&[]);
        for seed in seeds {
            target(seed);
        }
        for _ in 0..RUNS {
            let mut bytes = seeds[below(seeds.len())].to_vec();
            for _ in 0..=below(6) {
                let at = below(bytes.len());
                match below(6) {
                    0 if !bytes.is_empty() => bytes[at] = EDGES[below(EDGES.len())],
                    1 if !bytes.is_empty() => bytes[at] ^= 1 << below(8),
                    2 => bytes.insert(at, u8::try_from(below(256)).expect("a byte")),
                    3 if !bytes.is_empty() => drop(bytes.remove(at)),
                    4 => bytes.truncate(at),
                    _ => {
                        let other = seeds[below(seeds.len())];
                        bytes.extend_from_slice(&other[below(other.len())..]);
                    }
                }
            }
            target(&bytes);
        }
    }
}
