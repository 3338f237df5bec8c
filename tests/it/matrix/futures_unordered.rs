//! `work` beside its neighbour in a `FuturesUnordered`; dropped, both are.

use futures_util::{FutureExt, StreamExt, stream::FuturesUnordered};

use super::{A_SECOND, End, Kind, Stage, cells, plain};
use orch::prelude::*;

#[flow]
async fn shape(kind: Kind, end: End, #[provided] stage: &Stage) -> Result<u32, Error> {
    let mut calls = FuturesUnordered::new();
    calls.push(plain::neighbour(kind).boxed());
    calls.push(
        async {
            let value = plain::work(kind, end).await;
            stage.work_over.0.open();
            value
        }
        .boxed(),
    );
    let mut sum = Ok(0);
    loop {
        let next = tokio::select! {
            next = calls.next() => next,
            () = orch::sleep(A_SECOND), if end == End::Dropped => None,
        };
        let Some(value) = next else { return sum };
        sum = sum.and_then(|sum| Ok(sum + value?));
    }
}

cells! { crate::matrix::futures_unordered::shape;
    Value {
        Async [
            "run Pending",
            "run Running",
            "neighbour Pending",
            "neighbour Running (1)",
            "work Pending",
            "work Running (1)",
            "work Completed (1)",
            "neighbour Completed (1)",
            "run Completed",
        ]
        Sync [
            "run Pending",
            "run Running",
            "neighbour Pending",
            "neighbour Running (1)",
            "work Pending",
            "work Running (1)",
            "work Completed (1)",
            "neighbour Completed (1)",
            "run Completed",
        ]
    }
    Error {
        Async [
            "run Pending",
            "run Running",
            "neighbour Pending",
            "neighbour Running (1)",
            "work Pending",
            "work Running (1)",
            "work Failed (1): it broke",
            "neighbour Completed (1)",
            "run Failed: `it::matrix::plain::asynchronous::work` failed: it broke",
        ]
        Sync [
            "run Pending",
            "run Running",
            "neighbour Pending",
            "neighbour Running (1)",
            "work Pending",
            "work Running (1)",
            "work Failed (1): it broke",
            "neighbour Completed (1)",
            "run Failed: `it::matrix::plain::synchronous::work` failed: it broke",
        ]
    }
    Panic {
        Async [
            "run Pending",
            "run Running",
            "neighbour Pending",
            "neighbour Running (1)",
            "work Pending",
            "work Running (1)",
            "work Failed (1): it fell (at matrix.rs)",
            "neighbour Completed (1)",
            "run Failed: `it::matrix::plain::asynchronous::work` panicked: it fell (at matrix.rs)",
        ]
        Sync [
            "run Pending",
            "run Running",
            "neighbour Pending",
            "neighbour Running (1)",
            "work Pending",
            "work Running (1)",
            "work Failed (1): it fell (at matrix.rs)",
            "neighbour Completed (1)",
            "run Failed: `it::matrix::plain::synchronous::work` panicked: it fell (at matrix.rs)",
        ]
    }
    TimeOut {
        Async [
            "run Pending",
            "run Running",
            "neighbour Pending",
            "neighbour Running (1)",
            "work Pending",
            "work Running (1)",
            "work TimedOut (1): the attempt took longer than 5s",
            "neighbour Completed (1)",
            "run Failed: `it::matrix::plain::asynchronous::work` timed out: the attempt took longer than 5s",
        ]
        Sync [
            "run Pending",
            "run Running",
            "neighbour Pending",
            "neighbour Running (1)",
            "work Pending",
            "work Running (1)",
            "Abandoned: the thread of `it::matrix::plain::synchronous::work` cannot be stopped and goes on until the body returns",
            "work TimedOut (1): the attempt took longer than 5s",
            "neighbour Completed (1)",
            "run Failed: `it::matrix::plain::synchronous::work` timed out: the attempt took longer than 5s",
        ]
    }
    Dropped {
        Async [
            "run Pending",
            "run Running",
            "neighbour Pending",
            "neighbour Running (1)",
            "work Pending",
            "work Running (1)",
            "work Cancelled (1): dropped",
            "neighbour Cancelled (1): dropped",
            "run Completed",
        ]
        Sync [
            "run Pending",
            "run Running",
            "neighbour Pending",
            "neighbour Running (1)",
            "work Pending",
            "work Running (1)",
            "Abandoned: the thread of `it::matrix::plain::synchronous::work` cannot be stopped and goes on until the body returns",
            "work Cancelled (1): dropped",
            "Abandoned: the thread of `it::matrix::plain::synchronous::neighbour` cannot be stopped and goes on until the body returns",
            "neighbour Cancelled (1): dropped",
            "run Completed",
        ]
    }
}
