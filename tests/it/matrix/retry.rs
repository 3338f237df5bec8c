//! `work` with one retry after a wait of two seconds.

use super::{A_SECOND, End, Kind, Stage, act, act_sync, cells};
use orch::prelude::*;

mod asynchronous {
    use super::*;

    #[task(retries = 1, backoff = fixed("2s"), timeout = "5s")]
    pub async fn work(end: End) -> Result<u32, String> {
        act(this_time(end)).await
    }
}

mod synchronous {
    use super::*;

    #[task(retries = 1, backoff = fixed("2s"), timeout = "5s")]
    pub fn work(end: End, #[provided] stage: &Stage) -> Result<u32, String> {
        act_sync(this_time(end), stage)
    }
}

/// What becomes a value, or is dropped, does so in the second attempt; the first one fails.
fn this_time(end: End) -> End {
    match (end, orch::ctx().attempt()) {
        (End::Value | End::Dropped, 1) => End::Error,
        _ => end,
    }
}

#[flow]
async fn shape(kind: Kind, end: End) -> Result<u32, Error> {
    let work = match kind {
        Kind::Async => asynchronous::work(end),
        Kind::Sync => synchronous::work(end),
    };
    if end != End::Dropped {
        return work.await;
    }
    tokio::select! {
        value = work => value,
        () = orch::sleep(A_SECOND * 3) => Ok(0),
    }
}

cells! { crate::matrix::retry::shape;
    Value {
        Async [
            "run Pending",
            "run Running",
            "work Pending",
            "work Running (1)",
            "work AwaitingRetry (1): it broke [again in 2s]",
            "work Running (2)",
            "work Completed (2)",
            "run Completed",
        ]
        Sync [
            "run Pending",
            "run Running",
            "work Pending",
            "work Running (1)",
            "work AwaitingRetry (1): it broke [again in 2s]",
            "work Running (2)",
            "work Completed (2)",
            "run Completed",
        ]
    }
    Error {
        Async [
            "run Pending",
            "run Running",
            "work Pending",
            "work Running (1)",
            "work AwaitingRetry (1): it broke [again in 2s]",
            "work Running (2)",
            "work Failed (2): it broke",
            "run Failed: `it::matrix::retry::asynchronous::work` failed in attempt 2: it broke",
        ]
        Sync [
            "run Pending",
            "run Running",
            "work Pending",
            "work Running (1)",
            "work AwaitingRetry (1): it broke [again in 2s]",
            "work Running (2)",
            "work Failed (2): it broke",
            "run Failed: `it::matrix::retry::synchronous::work` failed in attempt 2: it broke",
        ]
    }
    Panic {
        Async [
            "run Pending",
            "run Running",
            "work Pending",
            "work Running (1)",
            "work AwaitingRetry (1): it fell (at matrix.rs) [again in 2s]",
            "work Running (2)",
            "work Failed (2): it fell (at matrix.rs)",
            "run Failed: `it::matrix::retry::asynchronous::work` panicked in attempt 2: it fell (at matrix.rs)",
        ]
        Sync [
            "run Pending",
            "run Running",
            "work Pending",
            "work Running (1)",
            "work AwaitingRetry (1): it fell (at matrix.rs) [again in 2s]",
            "work Running (2)",
            "work Failed (2): it fell (at matrix.rs)",
            "run Failed: `it::matrix::retry::synchronous::work` panicked in attempt 2: it fell (at matrix.rs)",
        ]
    }
    TimeOut {
        Async [
            "run Pending",
            "run Running",
            "work Pending",
            "work Running (1)",
            "work AwaitingRetry (1): the attempt took longer than 5s [again in 2s]",
            "work Running (2)",
            "work TimedOut (2): the attempt took longer than 5s",
            "run Failed: `it::matrix::retry::asynchronous::work` timed out in attempt 2: the attempt took longer than 5s",
        ]
        Sync [
            "run Pending",
            "run Running",
            "work Pending",
            "work Running (1)",
            "Abandoned: the thread of `it::matrix::retry::synchronous::work` cannot be stopped and goes on until the body returns",
            "work AwaitingRetry (1): the attempt took longer than 5s [again in 2s]",
            "work Running (2)",
            "Abandoned: the thread of `it::matrix::retry::synchronous::work` cannot be stopped and goes on until the body returns",
            "work TimedOut (2): the attempt took longer than 5s",
            "run Failed: `it::matrix::retry::synchronous::work` timed out in attempt 2: the attempt took longer than 5s",
        ]
    }
    Dropped {
        Async [
            "run Pending",
            "run Running",
            "work Pending",
            "work Running (1)",
            "work AwaitingRetry (1): it broke [again in 2s]",
            "work Running (2)",
            "work Cancelled (2): dropped",
            "run Completed",
        ]
        Sync [
            "run Pending",
            "run Running",
            "work Pending",
            "work Running (1)",
            "work AwaitingRetry (1): it broke [again in 2s]",
            "work Running (2)",
            "Abandoned: the thread of `it::matrix::retry::synchronous::work` cannot be stopped and goes on until the body returns",
            "work Cancelled (2): dropped",
            "run Completed",
        ]
    }
}
