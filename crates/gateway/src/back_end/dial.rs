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
/// How long a hypervisor may leave what was sent to it unacknowledged.
const GIVE_UP_AFTER: Duration = Duration::from_mins(1);

/// Connects to a back end, trying each address that its name has, within `timeout` in all.
pub(crate) async fn dial(address: &Address, timeout: Duration) -> Result<BackEndStream, Failure> {
    let connected = async {
        let connected = match address {
            Address::Tcp { host, port } | Address::Telnet { host, port } => {
                connect_tcp(host, *port, timeout).await.map(BackEndStream::Tcp)
            }
            Address::Unix(path) => UnixStream::connect(path).await.map(BackEndStream::Unix),
        };
        connected.map_err(|error| {
            let reason = match error.kind() {
                io::ErrorKind::TimedOut => EndReason::BackEndTimeout,
                _ => EndReason::BackEndUnreachable,
            };
            Failure::new(reason, format!("{address}: {error}"))
        })
    };
    within(timeout, address, "no connection", connected).await
}

/// Work with the back end at this address, if it is done within `limit`. `missing` says what there is not otherwise.
pub(crate) async fn within<T>(
    limit: Duration,
    address: &Address,
    missing: &str,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    tokio::time::timeout(limit, work).await.unwrap_or_else(|_| {
        let detail = format!("{address}: {missing} within {limit:?}");
        Err(Failure::new(EndReason::BackEndTimeout, detail))
    })
}

async fn connect_tcp(host: &str, port: u16, timeout: Duration) -> io::Result<TcpStream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    let addresses: Vec<_> = lookup_host((host, port)).await?.collect();
    // Each has a share of the time: one that swallows packets must not keep the next from its turn.
    let share = timeout / u32::try_from(addresses.len().max(1)).unwrap_or(u32::MAX);
    for address in addresses {
        let connected = tokio::time::timeout(share, TcpStream::connect(address)).await;
        match connected.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
            Ok(stream) => {
                // A key stroke must not wait for the next one.
                stream.set_nodelay(true)?;
                let keepalive = TcpKeepalive::new()
                    .with_time(KEEPALIVE_AFTER)
                    .with_interval(KEEPALIVE_EVERY);
                let socket = SockRef::from(&stream);
                socket.set_tcp_keepalive(&keepalive)?;
                // Keepalive is silent while sent bytes wait to be acknowledged.
                socket.set_tcp_user_timeout(Some(GIVE_UP_AFTER))?;
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use socket2::{Domain, Socket, Type};

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

        // The system drops what knocks at a socket whose queue is full.
        let full = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        full.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
        full.listen(0).unwrap();
        let port = full.local_addr().unwrap().as_socket().unwrap().port();
        let _waiting = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
        let silent = Address::Tcp {
            host: "127.0.0.1".into(),
            port,
        };
        let failure = dial(&silent, Duration::from_millis(100)).await.unwrap_err();
        assert_eq!(failure.reason, EndReason::BackEndTimeout);
    }
}
