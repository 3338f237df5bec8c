//! Where a flow's body is not warned about what a resumed run does not know.

#![allow(clippy::disallowed_methods, reason = "that is what it is about")]

use std::time::{Instant, SystemTime};

use orch::{Error, flow, task};

/// A task may do what it likes.
#[task]
fn tasks() -> bool {
    SystemTime::now() > SystemTime::UNIX_EPOCH && Instant::now().elapsed().is_zero()
}

#[flow]
#[allow(deprecated)]
async fn allowed() -> Result<bool, Error> {
    let started = Instant::now();
    let done = tasks().await?;
    Ok(done && started.elapsed().is_zero())
}

#[flow]
#[expect(deprecated, reason = "the time is printed and decides nothing")]
async fn expected() -> bool {
    Instant::now().elapsed().is_zero()
}

#[flow]
async fn nested() -> Result<bool, Error> {
    #[task]
    fn inside() -> bool {
        Instant::now().elapsed().is_zero()
    }

    fn helper() -> Result<u64, std::time::SystemTimeError> {
        Ok(SystemTime::now().elapsed()?.as_secs())
    }

    orch::step("age", (), |()| async { SystemTime::now().elapsed().map(|age| age.as_secs()) }).await?;
    orch::step("again", (), |()| async { helper() }).await?;
    inside().await
}
