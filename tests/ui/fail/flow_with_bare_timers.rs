#![deny(deprecated)]

use std::time::Duration;

use orch::{Error, flow, task};

#[task]
async fn work(n: u8) -> u8 {
    n
}

#[flow]
async fn f() -> Result<u8, Error> {
    let second = Duration::from_secs(1);
    tokio::time::sleep(second).await;
    std::thread::sleep(second);
    tokio::time::interval(second).await;
    tokio::time::timeout(second, work(1)).await
}

mod tokio {
    pub mod time {
        use std::time::Duration;

        pub async fn sleep(_: Duration) {}

        pub async fn interval(_: Duration) {}

        pub async fn timeout<F: Future>(_: Duration, future: F) -> F::Output {
            future.await
        }
    }
}

fn main() {}
