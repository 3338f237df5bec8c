//! `work` with a cached result, called twice.

use super::{A_SECOND, End, Kind, Stage, act, act_sync, cells};
use orch::prelude::*;

mod asynchronous {
    use super::*;

    #[task(cache, timeout = "5s")]
    pub async fn work(end: End, #[provided] stage: &Stage) -> Result<u32, String> {
        act(this_time(end, stage)).await
    }
}

mod synchronous {
    use super::*;

    #[task(cache, timeout = "5s")]
    pub fn work(end: End, #[provided] stage: &Stage) -> Result<u32, String> {
        act_sync(this_time(end, stage), stage)
    }
}

/// After a call that was dropped, the same call gives a value.
fn this_time(end: End, stage: &Stage) -> End {
    match end {
        End::Dropped if !stage.is_first(end) => End::Value,
        end => end,
    }
}

#[flow]
async fn shape(kind: Kind, end: End) -> Result<u32, Error> {
    let work = || match kind {
        Kind::Async => asynchronous::work(end),
        Kind::Sync => synchronous::work(end),
    };
    let first = tokio::select! {
        first = work() => first,
        () = orch::sleep(A_SECOND), if end == End::Dropped => Ok(0),
    };
    let second = work().await;
    Ok(first? + second?)
}

cells! { crate::matrix::cached::shape;
    Value {
        Async [
            "run Pending",
            "run Running",
            "work Pending",
            "CacheMiss: nothing stored yet",
            "work Running (1)",
            "work Completed (1)",
            "work Pending",
            "work Cached",
            "run Completed",
        ]
        Sync [
            "run Pending",
            "run Running",
            "work Pending",
            "CacheMiss: nothing stored yet",
            "work Running (1)",
            "work Completed (1)",
            "work Pending",
            "work Cached",
            "run Completed",
        ]
    }
    Error {
        Async [
            "run Pending",
            "run Running",
            "work Pending",
            "CacheMiss: nothing stored yet",
            "work Running (1)",
            "work Failed (1): it broke",
            "work Pending",
            "CacheMiss: nothing stored yet",
            "work Running (1)",
            "work Failed (1): it broke",
            "run Failed: `it::matrix::cached::asynchronous::work` failed: it broke",
        ]
        Sync [
            "run Pending",
            "run Running",
            "work Pending",
            "CacheMiss: nothing stored yet",
            "work Running (1)",
            "work Failed (1): it broke",
            "work Pending",
            "CacheMiss: nothing stored yet",
            "work Running (1)",
            "work Failed (1): it broke",
            "run Failed: `it::matrix::cached::synchronous::work` failed: it broke",
        ]
    }
    Panic {
        Async [
            "run Pending",
            "run Running",
            "work Pending",
            "CacheMiss: nothing stored yet",
            "work Running (1)",
            "work Failed (1): it fell (at matrix.rs)",
            "work Pending",
            "CacheMiss: nothing stored yet",
            "work Running (1)",
            "work Failed (1): it fell (at matrix.rs)",
            "run Failed: `it::matrix::cached::asynchronous::work` panicked: it fell (at matrix.rs)",
        ]
        Sync [
            "run Pending",
            "run Running",
            "work Pending",
            "CacheMiss: nothing stored yet",
            "work Running (1)",
            "work Failed (1): it fell (at matrix.rs)",
            "work Pending",
            "CacheMiss: nothing stored yet",
            "work Running (1)",
            "work Failed (1): it fell (at matrix.rs)",
            "run Failed: `it::matrix::cached::synchronous::work` panicked: it fell (at matrix.rs)",
        ]
    }
    TimeOut {
        Async [
            "run Pending",
            "run Running",
            "work Pending",
            "CacheMiss: nothing stored yet",
            "work Running (1)",
            "work TimedOut (1): the attempt took longer than 5s",
            "work Pending",
            "CacheMiss: nothing stored yet",
            "work Running (1)",
            "work TimedOut (1): the attempt took longer than 5s",
            "run Failed: `it::matrix::cached::asynchronous::work` timed out: the attempt took longer than 5s",
        ]
        Sync [
            "run Pending",
            "run Running",
            "work Pending",
            "CacheMiss: nothing stored yet",
            "work Running (1)",
            "Abandoned: the thread of `it::matrix::cached::synchronous::work` cannot be stopped and goes on until the body returns",
            "work TimedOut (1): the attempt took longer than 5s",
            "work Pending",
            "CacheMiss: nothing stored yet",
            "work Running (1)",
            "Abandoned: the thread of `it::matrix::cached::synchronous::work` cannot be stopped and goes on until the body returns",
            "work TimedOut (1): the attempt took longer than 5s",
            "run Failed: `it::matrix::cached::synchronous::work` timed out: the attempt took longer than 5s",
        ]
    }
    Dropped {
        Async [
            "run Pending",
            "run Running",
            "work Pending",
            "CacheMiss: nothing stored yet",
            "work Running (1)",
            "work Cancelled (1): dropped",
            "work Pending",
            "CacheMiss: nothing stored yet",
            "work Running (1)",
            "work Completed (1)",
            "run Completed",
        ]
        Sync [
            "run Pending",
            "run Running",
            "work Pending",
            "CacheMiss: nothing stored yet",
            "work Running (1)",
            "Abandoned: the thread of `it::matrix::cached::synchronous::work` cannot be stopped and goes on until the body returns",
            "work Cancelled (1): dropped",
            "work Pending",
            "CacheMiss: nothing stored yet",
            "work Running (1)",
            "work Completed (1)",
            "run Completed",
        ]
    }
}
