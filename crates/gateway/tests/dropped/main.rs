//! Connections that are dropped at any stage leave nothing behind. A program of its own, since it counts descriptors.

#[cfg(test)]
#[path = "../gateway/kit.rs"]
#[allow(
    dead_code,
    unused_imports,
    reason = "shared with the other tests, which use all of it"
)]
mod kit;

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;
    use tokio::runtime::Handle;

    use crate::kit::{Answer, House, Hypervisor, Random, Script, key, soon};

    const CONNECTS: usize = 10_000;
    /// How many at once.
    const AT_ONCE: usize = 50;
    /// Descriptors that may be more than before: the store opens connections as it needs them, up to a limit.
    const POOL: usize = 30;

    fn descriptors() -> usize {
        std::fs::read_dir("/proc/self/fd").unwrap().count()
    }

    /// Connects, goes as far as this stage, and is gone.
    async fn drop_at(house: &House, stage: usize) {
        if stage == 1 {
            drop(TcpStream::connect(house.address).await.unwrap());
            return;
        }
        if stage == 2 {
            let mut stream = TcpStream::connect(house.address).await.unwrap();
            stream.write_all(b"GET /websockify?tok").await.unwrap();
            return;
        }
        let knock = house.knock(&format!("/?token={}", house.token().await));
        if stage == 3 {
            drop(knock.start(&[]).await);
            return;
        }
        let mut page = Answer::read(knock.start(&[]).await).await.page();
        match stage {
            4 => {}
            5 => drop(page.data().await),
            6 => {
                page.data().await;
                page.send(b"RFB 003.0").await;
            }
            7 => page.greet().await,
            _ => {
                page.greet().await;
                page.send(&key(0x61)).await;
            }
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn ten_thousand_dropped_connections_leave_nothing_behind() {
        let mut hypervisor = Hypervisor::tcp([Script::rfb()]).await;
        let house = Arc::new(House::new(&hypervisor.address).await);
        // One that ends well: what is made only once is there after it.
        drop_at(&house, 8).await;
        let mut wire = hypervisor.wire().await;
        let _ = soon(wire.read_to_end(&mut Vec::new())).await;
        drop(wire);
        let ended = |house: Arc<House>| async move {
            house
                .trail_now()
                .await
                .iter()
                .all(|session| session.ended_at.is_some())
        };
        soon(async {
            while !ended(Arc::clone(&house)).await {
                tokio::task::yield_now().await;
            }
        })
        .await;
        let swallowing = tokio::spawn(async move {
            loop {
                let mut wire = hypervisor.wire_at_last().await;
                tokio::spawn(
                    async move { while wire.read(&mut [0; 64]).await.is_ok_and(|read| read > 0) {} },
                );
            }
        });
        let (tasks, files) = (Handle::current().metrics().num_alive_tasks(), descriptors());

        let mut dropping = tokio::task::JoinSet::new();
        for worker in 0..AT_ONCE {
            let house = Arc::clone(&house);
            dropping.spawn(async move {
                let mut random = Random::new(u64::try_from(worker).unwrap());
                for _ in 0..CONNECTS / AT_ONCE {
                    drop_at(&house, random.up_to(8)).await;
                }
            });
        }
        while let Some(done) = dropping.join_next().await {
            done.unwrap();
        }
        let settled = async {
            while Handle::current().metrics().num_alive_tasks() > tasks || descriptors() > files + POOL {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        if tokio::time::timeout(Duration::from_secs(20), settled)
            .await
            .is_err()
        {
            let left = Handle::current().metrics().num_alive_tasks();
            panic!(
                "{left} tasks where {tasks} were, {} descriptors where {files} were",
                descriptors()
            );
        }
        swallowing.abort();
        let trail = house.trail().await;
        assert!(trail.len() > CONNECTS / 4, "{}", trail.len());
        for session in trail {
            assert!(session.ended_at.is_some(), "{session:?}");
            assert!(
                matches!(session.end_reason.as_deref(), Some("client-lost")),
                "{session:?}"
            );
        }
    }
}
