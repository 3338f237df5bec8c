//! The `tracing` spans of runs, task runs and attempts, as a subscriber of the program sees them.

use std::{
    fmt::{self, Write as _},
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use orch::prelude::*;
use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};

use crate::support::{Bodies, in_own_process};

/// Every span with its fields and its parent, and where events happened.
static SEEN: Mutex<Vec<String>> = Mutex::new(Vec::new());

thread_local! {
    static INSIDE: std::cell::RefCell<Vec<u64>> = const { std::cell::RefCell::new(Vec::new()) };
}

struct Recorder(AtomicU64);

struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let _ = write!(self.0, " {}={value:?}", field.name());
    }
}

impl Subscriber for Recorder {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "orch" || metadata.target().starts_with("it::")
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let id = self.0.fetch_add(1, Ordering::SeqCst);
        let mut fields = Fields(String::new());
        span.record(&mut fields);
        let parent = span.parent().map_or(0, Id::into_u64);
        SEEN.lock().unwrap().push(format!("{id} in {parent}: {}{}", span.metadata().name(), fields.0));
        Id::from_u64(id)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        if *event.metadata().level() > Level::INFO {
            return;
        }
        let mut fields = Fields(String::new());
        event.record(&mut fields);
        let inside = INSIDE.with_borrow(|inside| inside.last().copied().unwrap_or_default());
        SEEN.lock().unwrap().push(format!("in {inside}:{}", fields.0));
    }

    fn enter(&self, span: &Id) {
        INSIDE.with_borrow_mut(|inside| inside.push(span.into_u64()));
    }

    fn exit(&self, _: &Id) {
        INSIDE.with_borrow_mut(|inside| inside.pop());
    }
}

#[task(retries = 1)]
async fn shaky(#[provided] bodies: &Bodies) -> Result<(), String> {
    tracing::info!("in the body");
    if bodies.enter() == 0 { Err("it broke".to_owned()) } else { Ok(()) }
}

#[task]
fn in_a_thread() {
    tracing::info!("in the thread");
}

#[flow]
async fn watched() -> Result<(), Error> {
    tracing::info!("in the flow");
    shaky().await?;
    in_a_thread().await
}

#[tokio::test]
async fn bodies_run_in_spans_of_their_run_task_run_and_attempt() {
    // A subscriber that all threads see is the process's.
    if !in_own_process("spans::bodies_run_in_spans_of_their_run_task_run_and_attempt") {
        return;
    }
    tracing::subscriber::set_global_default(Recorder(AtomicU64::new(1))).unwrap();
    let runtime = orch::testing::builder().provide(Bodies::default()).build();
    runtime.scope(async { watched().await }).await.unwrap();
    let run = runtime.last_run().await.unwrap().unwrap();
    assert_eq!(
        *SEEN.lock().unwrap(),
        [
            format!("1 in 0: run run={run} flow=\"it::spans::watched\""),
            "in 1: message=in the flow".to_owned(),
            "2 in 1: task task=\"it::spans::shaky\" number=0 attempt=1".to_owned(),
            "in 2: message=in the body".to_owned(),
            "3 in 1: task task=\"it::spans::shaky\" number=0 attempt=2".to_owned(),
            "in 3: message=in the body".to_owned(),
            "4 in 1: task task=\"it::spans::in_a_thread\" number=1 attempt=1".to_owned(),
            "in 4: message=in the thread".to_owned(),
        ]
    );
}
