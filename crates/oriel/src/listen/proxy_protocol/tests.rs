use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;

use super::*;

/// A header of version 2.
const BINARY: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x07\x0a\0\0\x01\x1f\x90\x01\xbb";

/// What is made of bytes that come in these pieces, and what is left of them.
async fn taken(pieces: &[&[u8]], required: bool) -> (Result<Option<IpAddr>, io::ErrorKind>, Vec<u8>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    client.set_nodelay(true).unwrap();
    let (mut stream, _) = listener.accept().await.unwrap();
    let send = async {
        for piece in pieces {
            client.write_all(piece).await.unwrap();
            tokio::task::yield_now().await;
        }
        client.shutdown().await.unwrap();
    };
    let (result, ()) = tokio::join!(take(&mut stream, required), send);
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap();
    (result.map_err(|error| error.kind()), rest)
}

#[tokio::test]
async fn a_header_is_taken_and_not_a_byte_of_what_follows() {
    let binary = BINARY;
    let together = [binary, b"hello"].concat();
    let split: Vec<_> = together.chunks(1).collect();
    let line = b"PROXY TCP4 192.0.2.7 10.0.0.1 8080 443\r\nhello";
    for pieces in [&[&together[..]][..], &split, &[line.as_slice()]] {
        let (source, rest) = taken(pieces, true).await;
        assert_eq!(source, Ok(Some("192.0.2.7".parse().unwrap())));
        assert_eq!(rest, b"hello");
    }
}

#[tokio::test]
async fn without_a_header_it_depends_on_whether_one_is_required() {
    let request = b"GET / HTTP/1.1\r\n\r\n";
    assert_eq!(taken(&[request], false).await, (Ok(None), request.to_vec()));
    assert_eq!(taken(&[request], true).await.0, Err(io::ErrorKind::InvalidData));
    assert_eq!(
        taken(&[b"PROXY NONSENSE\r\n"], false).await.0,
        Err(io::ErrorKind::InvalidData)
    );
    assert_eq!(taken(&[], false).await.0, Err(io::ErrorKind::UnexpectedEof));
}
