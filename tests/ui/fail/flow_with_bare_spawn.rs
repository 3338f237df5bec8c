#![deny(deprecated)]

use orch::{Error, flow, task};

#[task]
async fn work(n: u8) -> u8 {
    n
}

#[flow]
async fn f() -> Result<u8, Error> {
    let lost = tokio::spawn(async move { work(1).await });
    let tracked = tokio::spawn(work(2));
    lost.await?;
    tracked.await
}

mod tokio {
    pub fn spawn<F>(future: F) -> F {
        future
    }
}

fn main() {}
