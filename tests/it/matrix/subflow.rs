//! `work` in a flow that a flow calls. The inner flow's time ends before that of `work`.

use super::{A_SECOND, End, Kind, cells, plain};
use orch::prelude::*;

#[flow(timeout = "3s")]
async fn inner(kind: Kind, end: End) -> Result<u32, Error> {
    plain::work(kind, end).await
}

#[flow]
async fn shape(kind: Kind, end: End) -> Result<u32, Error> {
    tokio::select! {
        value = inner(kind, end) => value,
        () = orch::sleep(A_SECOND), if end == End::Dropped => Ok(0),
    }
}

cells! { crate::matrix::subflow::shape;
    Value {
        Async [
            "run Pending",
            "run Running",
            "inner Pending",
            "inner Running (1)",
            "#2 run Pending",
            "#2 run Running",
            "#2 work Pending",
            "#2 work Running (1)",
            "#2 work Completed (1)",
            "#2 run Completed",
            "inner Completed (1)",
            "run Completed",
        ]
        Sync [
            "run Pending",
            "run Running",
            "inner Pending",
            "inner Running (1)",
            "#2 run Pending",
            "#2 run Running",
            "#2 work Pending",
            "#2 work Running (1)",
            "#2 work Completed (1)",
            "#2 run Completed",
            "inner Completed (1)",
            "run Completed",
        ]
    }
    Error {
        Async [
            "run Pending",
            "run Running",
            "inner Pending",
            "inner Running (1)",
            "#2 run Pending",
            "#2 run Running",
            "#2 work Pending",
            "#2 work Running (1)",
            "#2 work Failed (1): it broke",
            "#2 run Failed: `it::matrix::plain::asynchronous::work` failed: it broke",
            "inner Failed (1): `it::matrix::plain::asynchronous::work` failed: it broke",
            "run Failed: `it::matrix::subflow::inner` failed: `it::matrix::plain::asynchronous::work` failed: it broke",
        ]
        Sync [
            "run Pending",
            "run Running",
            "inner Pending",
            "inner Running (1)",
            "#2 run Pending",
            "#2 run Running",
            "#2 work Pending",
            "#2 work Running (1)",
            "#2 work Failed (1): it broke",
            "#2 run Failed: `it::matrix::plain::synchronous::work` failed: it broke",
            "inner Failed (1): `it::matrix::plain::synchronous::work` failed: it broke",
            "run Failed: `it::matrix::subflow::inner` failed: `it::matrix::plain::synchronous::work` failed: it broke",
        ]
    }
    Panic {
        Async [
            "run Pending",
            "run Running",
            "inner Pending",
            "inner Running (1)",
            "#2 run Pending",
            "#2 run Running",
            "#2 work Pending",
            "#2 work Running (1)",
            "#2 work Failed (1): it fell (at matrix.rs)",
            "#2 run Failed: `it::matrix::plain::asynchronous::work` panicked: it fell (at matrix.rs)",
            "inner Failed (1): `it::matrix::plain::asynchronous::work` panicked: it fell (at matrix.rs)",
            "run Failed: `it::matrix::subflow::inner` failed: `it::matrix::plain::asynchronous::work` panicked: it fell (at matrix.rs)",
        ]
        Sync [
            "run Pending",
            "run Running",
            "inner Pending",
            "inner Running (1)",
            "#2 run Pending",
            "#2 run Running",
            "#2 work Pending",
            "#2 work Running (1)",
            "#2 work Failed (1): it fell (at matrix.rs)",
            "#2 run Failed: `it::matrix::plain::synchronous::work` panicked: it fell (at matrix.rs)",
            "inner Failed (1): `it::matrix::plain::synchronous::work` panicked: it fell (at matrix.rs)",
            "run Failed: `it::matrix::subflow::inner` failed: `it::matrix::plain::synchronous::work` panicked: it fell (at matrix.rs)",
        ]
    }
    TimeOut {
        Async [
            "run Pending",
            "run Running",
            "inner Pending",
            "inner Running (1)",
            "#2 run Pending",
            "#2 run Running",
            "#2 work Pending",
            "#2 work Running (1)",
            "#2 work Cancelled (1): it took longer than 3s",
            "#2 run TimedOut: it took longer than 3s",
            "inner TimedOut (1): it took longer than 3s",
            "run Failed: `it::matrix::subflow::inner` timed out: it took longer than 3s",
        ]
        Sync [
            "run Pending",
            "run Running",
            "inner Pending",
            "inner Running (1)",
            "#2 run Pending",
            "#2 run Running",
            "#2 work Pending",
            "#2 work Running (1)",
            "#2 Abandoned: the thread of `it::matrix::plain::synchronous::work` cannot be stopped and goes on until the body returns",
            "#2 work Cancelled (1): it took longer than 3s",
            "#2 run TimedOut: it took longer than 3s",
            "inner TimedOut (1): it took longer than 3s",
            "run Failed: `it::matrix::subflow::inner` timed out: it took longer than 3s",
        ]
    }
    Dropped {
        Async [
            "run Pending",
            "run Running",
            "inner Pending",
            "inner Running (1)",
            "#2 run Pending",
            "#2 run Running",
            "#2 work Pending",
            "#2 work Running (1)",
            "#2 run Cancelling: its call was dropped",
            "#2 work Cancelled (1): its call was dropped",
            "#2 run Cancelled: its call was dropped",
            "inner Cancelled (1): dropped",
            "run Completed",
        ]
        Sync [
            "run Pending",
            "run Running",
            "inner Pending",
            "inner Running (1)",
            "#2 run Pending",
            "#2 run Running",
            "#2 work Pending",
            "#2 work Running (1)",
            "#2 run Cancelling: its call was dropped",
            "#2 Abandoned: the thread of `it::matrix::plain::synchronous::work` cannot be stopped and goes on until the body returns",
            "#2 work Cancelled (1): its call was dropped",
            "#2 run Cancelled: its call was dropped",
            "inner Cancelled (1): dropped",
            "run Completed",
        ]
    }
}
