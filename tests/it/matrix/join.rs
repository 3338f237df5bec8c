//! `work` beside its neighbour in `tokio::join!`.

use super::{A_SECOND, End, Kind, Stage, cells, plain};
use orch::prelude::*;

#[flow]
async fn shape(kind: Kind, end: End, #[provided] stage: &Stage) -> Result<u32, Error> {
    let work = async {
        let value = tokio::select! {
            value = plain::work(kind, end) => value,
            () = orch::sleep(A_SECOND), if end == End::Dropped => Ok(0),
        };
        stage.work_over.0.open();
        value
    };
    let (one, value) = tokio::join!(plain::neighbour(kind), work);
    Ok(one? + value?)
}

cells! { crate::matrix::join::shape;
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
            "Abandoned: the thread of `it::matrix::plain::synchronous::work` cannot be stopped and goes on until the body returns",
            "work Cancelled (1): dropped",
            "neighbour Completed (1)",
            "run Completed",
        ]
    }
}
