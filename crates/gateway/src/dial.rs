//! Reaching a back end. The address comes from the inventory and from nowhere else.

use std::io;
use std::time::Duration;

use oriel_domain::{Address, EndReason};
use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpStream, UnixStream, lookup_host};

use crate::net::BackEndStream;
use crate::session::Failure;

/// When a silent hypervisor is first asked whether it is still there, and how often then.
const KEEPALIVE_AFTER: Duration = Duration::from_mins(1);
const KEEPALIVE_EVERY: Duration = Duration::from_secs(15);

/// Connects to a back end, trying each address that its name has, within `timeout` in all.
pub(crate) async fn dial(address: &Address, timeout: Duration) -> Result<BackEndStream, Failure> {
    let connected = tokio::time::timeout(timeout, async {
        match address {
            Address::Tcp { host, port } => connect_tcp(host, *port).await.map(BackEndStream::Tcp),
            Address::Unix(path) => UnixStream::connect(path).await.map(BackEndStream::Unix),
        }
    });
    match connected.await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) if error.kind() == io::ErrorKind::TimedOut => Err(Failure::new(
            EndReason::BackEndTimeout,
            format!("{address}: {error}"),
        )),
        Ok(Err(error)) => Err(Failure::new(
            EndReason::BackEndUnreachable,
            format!("{address}: {error}"),
        )),
        Err(_) => {
            let detail = format!("{address}: no connection within {timeout:?}");
            Err(Failure::new(EndReason::BackEndTimeout, detail))
        }
    }
}

async fn connect_tcp(host: &str, port: u16) -> io::Result<TcpStream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in lookup_host((host, port)).await? {
        match TcpStream::connect(address).await {
            Ok(stream) => {
                // A key stroke must not wait for the next one.
                stream.set_nodelay(true)?;
                let keepalive = TcpKeepalive::new()
                    .with_time(KEEPALIVE_AFTER)
                    .with_interval(KEEPALIVE_EVERY);
                SockRef::from(&stream).set_tcp_keepalive(&keepalive)?;
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nobody_at_the_address_is_told_from_nobody_answering() {
        let free = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let refused = Address::Tcp {
            host: "127.0.0.1".into(),
            port: free.port(),
        };
        let failure = dial(&refused, Duration::from_secs(5)).await.unwrap_err();
        assert_eq!(failure.reason, EndReason::BackEndUnreachable);

        let failure = dial(&Address::Unix("/nonexistent.sock".into()), Duration::from_secs(5))
            .await
            .unwrap_err();
        assert_eq!(failure.reason, EndReason::BackEndUnreachable);

        let failure = dial(&refused, Duration::ZERO).await.unwrap_err();
        assert_eq!(failure.reason, EndReason::BackEndTimeout);
    }
}
