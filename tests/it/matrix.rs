//! Every end of a body, in every shape of a call, synchronous and not: the full list of events of each cell.
//!
//! A cell is one run of the flow of its shape. `work` is the task whose end is in question; `neighbour` runs
//! beside it and ends after it. Each cell runs under both flavours of tokio's runtime.

mod cached;
mod futures_unordered;
mod join;
mod map;
mod retry;
mod subflow;

use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use orch::prelude::*;
use serde::{Deserialize, Serialize};

use crate::support::{Gate, Opener, gate, lines, roomy};

/// How `work` ends.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum End {
    Value,
    Error,
    Panic,
    TimeOut,
    Dropped,
}

/// Whether `work` is a synchronous function.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum Kind {
    Async,
    Sync,
}

/// What the bodies of one cell share.
pub struct Stage {
    /// Opened by the flow when `work` has ended or was dropped; the neighbour waits for it.
    work_over: (Opener, Gate),
    /// Opened when the run is over; threads that were left to themselves wait for it.
    run_over: (Opener, Gate),
    begun: Mutex<HashSet<End>>,
}

impl Stage {
    fn new() -> Self {
        Self { work_over: gate(), run_over: gate(), begun: Mutex::default() }
    }

    /// Whether this is the first body of the cell with this end.
    fn is_first(&self, end: End) -> bool {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner).insert(end)
    }
}

/// Longer than any time-out of a cell.
const FOR_EVER: Duration = Duration::from_secs(3600);

/// When a flow drops what it called; earlier than any time-out.
pub const A_SECOND: Duration = Duration::from_secs(1);

/// The body of every asynchronous `work`.
async fn act(end: End) -> Result<u32, String> {
    match end {
        End::Value => Ok(7),
        End::Error => Err("it broke".to_owned()),
        End::Panic => panic!("it fell"),
        End::TimeOut | End::Dropped => {
            orch::sleep(FOR_EVER).await;
            Ok(8)
        }
    }
}

/// The body of every synchronous `work`.
fn act_sync(end: End, stage: &Stage) -> Result<u32, String> {
    match end {
        End::Value => Ok(7),
        End::Error => Err("it broke".to_owned()),
        End::Panic => panic!("it fell"),
        End::TimeOut | End::Dropped => {
            stage.run_over.1.pass();
            Ok(8)
        }
    }
}

/// Plain tasks for the shapes that are about the flow.
mod plain {
    use super::{Call, End, Kind, Stage, act, act_sync, task};

    mod asynchronous {
        use super::*;

        #[task(timeout = "5s")]
        pub async fn work(end: End) -> Result<u32, String> {
            act(end).await
        }

        #[task]
        pub async fn neighbour(#[provided] stage: &Stage) -> u32 {
            stage.work_over.1.passed().await;
            1
        }
    }

    mod synchronous {
        use super::*;

        #[task(timeout = "5s")]
        pub fn work(end: End, #[provided] stage: &Stage) -> Result<u32, String> {
            act_sync(end, stage)
        }

        #[task]
        pub fn neighbour(#[provided] stage: &Stage) -> u32 {
            stage.work_over.1.pass();
            1
        }
    }

    pub fn work(kind: Kind, end: End) -> Call<u32> {
        match kind {
            Kind::Async => asynchronous::work(end),
            Kind::Sync => synchronous::work(end),
        }
    }

    pub fn neighbour(kind: Kind) -> Call<u32> {
        match kind {
            Kind::Async => asynchronous::neighbour(),
            Kind::Sync => synchronous::neighbour(),
        }
    }
}

/// Runs one cell and gives its events, read back from the store.
async fn cell(flow: impl FnOnce(Kind, End) -> Call<u32, Flow>, kind: Kind, end: End) -> Vec<String> {
    let stage = Stage::new();
    let _over = [&stage.work_over.0, &stage.run_over.0].map(Opener::open_at_end);
    let runtime = roomy().provide(stage).build();
    let _ended = runtime.scope(async { flow(kind, end).await }).await;
    lines(&runtime).await
}

/// Tests of a shape: for each end the list of events, of the asynchronous and the synchronous cell.
macro_rules! cells {
    ($flow:path; $($end:ident { $($kind:ident [$($line:literal),* $(,)?])+ })+) => {
        #[allow(non_snake_case, reason = "tests are named after the ends")]
        mod events {
            $(mod $end {
                $(mod $kind {
                    use $crate::{matrix::{End, Kind, cell}, support::assert_lines};

                    const EXPECTED: &[&str] = &[$($line),*];

                    #[tokio::test]
                    async fn one_thread() {
                        assert_lines(&cell($flow, Kind::$kind, End::$end).await, EXPECTED);
                    }

                    #[tokio::test(flavor = "multi_thread")]
                    async fn threads() {
                        assert_lines(&cell($flow, Kind::$kind, End::$end).await, EXPECTED);
                    }
                })+
            })+
        }
    };
}
use cells;
