//! Taking the header off a connection in which a trusted proxy says whom it speaks for.

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use oriel_proxy_protocol::{MAX_V2, Start, parse};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

#[cfg(test)]
mod tests;

/// How long to leave a header that came in pieces, before looking again.
const PIECES: Duration = Duration::from_millis(5);

/// Takes the header off a connection, and nothing of what follows it. Says whom it names; `None`
/// if there is no header, which is an error where one is `required`. The caller sets the time.
pub async fn take(stream: &mut TcpStream, required: bool) -> io::Result<Option<IpAddr>> {
    let mut seen = [0; MAX_V2];
    loop {
        let length = stream.peek(&mut seen).await?;
        let bytes = seen.get_mut(..length).unwrap_or_default();
        match parse(bytes).map_err(invalid)? {
            _ if bytes.is_empty() => return Err(io::ErrorKind::UnexpectedEof.into()),
            Start::Header { length, source } => {
                let header = bytes.get_mut(..length).unwrap_or_default();
                stream.read_exact(header).await?;
                return Ok(source);
            }
            Start::Other if required => return Err(invalid("a trusted proxy sent no PROXY header")),
            Start::Other => return Ok(None),
            // What was only looked at keeps the socket readable, so there is no event to wait for.
            Start::Partial => tokio::time::sleep(PIECES).await,
        }
    }
}

fn invalid(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}
