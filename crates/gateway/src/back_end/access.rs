//! Consoles behind a proxy of the hypervisor's own, which is asked for one by its access path
//! (Nova: `internal_access_path`).

use oriel_domain::EndReason;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use crate::session::Failure;

/// Longest answer that is read, in bytes, as in Nova.
const MAX_ANSWER: usize = 4096;

/// Asks for the console at this path, and reads the answer and not a byte more.
pub(crate) async fn ask<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    path: &str,
) -> Result<(), Failure> {
    let request = format!("CONNECT {path} HTTP/1.1\r\n\r\n");
    let written = stream.write_all(request.as_bytes()).await;
    written.map_err(|error| Failure::of_back_end(&error))?;

    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        if answer.len() == MAX_ANSWER {
            let detail = format!("the answer to CONNECT has more than {MAX_ANSWER} bytes");
            return Err(Failure::new(EndReason::BackEndProtocol, detail));
        }
        // One byte at a time: what follows the answer is the console's.
        let byte = stream.read_u8().await;
        answer.push(byte.map_err(|error| Failure::of_back_end_in("the answer to CONNECT", &error))?);
    }
    let status = answer.split(|&byte| byte == b'\r').next().unwrap_or_default();
    let status = String::from_utf8_lossy(status);
    if status.split(' ').nth(1) == Some("200") {
        Ok(())
    } else {
        let detail = format!("CONNECT was answered with {status:.80}");
        Err(Failure::new(EndReason::BackEndSecurity, detail))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn answered(answer: &[u8]) -> (Result<(), EndReason>, Vec<u8>) {
        let (mut ours, mut theirs) = tokio::io::duplex(8192);
        theirs.write_all(answer).await.unwrap();
        let asked = ask(&mut ours, "/console?id=7").await;
        let wanted = b"CONNECT /console?id=7 HTTP/1.1\r\n\r\n";
        let mut request = vec![0; wanted.len()];
        theirs.read_exact(&mut request).await.unwrap();
        assert_eq!(request, wanted);
        drop(theirs);
        let mut rest = Vec::new();
        ours.read_to_end(&mut rest).await.unwrap();
        (asked.map_err(|failure| failure.reason), rest)
    }

    #[tokio::test]
    async fn what_follows_the_answer_is_the_consoles() {
        let (asked, rest) = answered(b"HTTP/1.1 200 OK\r\nServer: x\r\n\r\nRFB 003.008\n").await;
        assert_eq!(asked, Ok(()));
        assert_eq!(rest, b"RFB 003.008\n");
    }

    #[tokio::test]
    async fn a_refusal_and_an_endless_answer_end() {
        assert_eq!(
            answered(b"HTTP/1.1 404 Not Found\r\n\r\n").await.0,
            Err(EndReason::BackEndSecurity)
        );
        let endless = [b"HTTP/1.1 200 OK\r\n".as_slice(), &[b'x'; 5000]].concat();
        assert_eq!(answered(&endless).await.0, Err(EndReason::BackEndProtocol));
    }
}
