//! Started calls.

use orch::prelude::*;

use crate::tasks::{follow, never_ends, work};

#[flow]
async fn elsewhere() -> Result<u64, Error> {
    let handles: Vec<_> = (0..3).map(|n| work(n).start()).collect();
    let branch = orch::spawn(async move {
        let mut sum = 0;
        for handle in handles {
            sum += follow(handle.await?).await?;
        }
        Ok::<_, Error>(sum)
    });
    let own = work(7).await?;
    Ok(own + branch.await??)
}

#[flow]
async fn one_after_the_other() -> Result<u64, Error> {
    let first = work(1).start();
    let second = follow(2).after(&first).start();
    let third = work(3).after(&second).await?;
    Ok(first.await? + second.await? + third)
}

#[flow]
async fn cancelled() -> Result<String, Error> {
    let handle = never_ends(1).start();
    let first = work(1).await?;
    handle.cancel();
    let end = handle.await.map_err(|error| error.kind());
    let second = follow(first).await?;
    Ok(format!("{end:?} {second}"))
}

/// The body returns before what it started has ended.
#[flow]
async fn left_alone() -> Result<u64, Error> {
    for n in 0..3 {
        drop(work(n).start());
    }
    follow(1).await
}

crate::matrix! {
    handles_that_are_awaited_elsewhere gives "103": elsewhere();
    calls_that_come_after_others gives "43": one_after_the_other();
    a_handle_that_is_cancelled gives "Err(Cancelled) 11": cancelled();
    handles_that_nobody_awaits gives "2": left_alone();
}
