//! The process that serves.

use std::{
    io::BufRead,
    path::Path,
    process::{ExitCode, Termination, exit},
    time::{Duration, UNIX_EPOCH},
};

use orch::{
    Timestamp,
    prelude::*,
    store::{SledStore, SyncMode},
};
use tokio::sync::watch;

use super::parent::{CHILD, STORE};
use crate::HOUR;

/// Tells the parent what has happened. Not `println!`, which a test may catch.
pub(super) fn tell(what: &str) {
    use std::io::Write;
    writeln!(std::io::stdout().lock(), "{what}").unwrap();
}

/// What the parent has said; it says `go on` once.
#[derive(Clone)]
pub(super) struct Word(watch::Receiver<bool>);

impl Word {
    /// Listens to the parent, and ends with it.
    fn listen() -> Self {
        let (said, word) = watch::channel(false);
        std::thread::spawn(move || {
            for line in std::io::stdin().lock().lines() {
                assert_eq!(line.unwrap(), "go on");
                said.send(true).unwrap();
            }
            exit(99)
        });
        Self(word)
    }

    async fn said(&self) {
        self.0.clone().wait_for(|said| *said).await.unwrap();
    }
}

#[task]
pub(super) async fn begins() {
    tell("begun");
}

#[task]
pub(super) async fn goes_on(#[provided] word: &Word) {
    tell("works");
    word.said().await;
}

/// What is under way when the signal comes.
#[flow]
pub(super) async fn works() -> Result<(), Error> {
    begins().await?;
    goes_on().await?;
    let now = orch::now().await.duration_since(UNIX_EPOCH).unwrap();
    tell(&format!("it is {}", now.as_micros()));
    // Time in which others would be started.
    orch::sleep(Duration::from_millis(100)).await;
    tell("worked");
    Ok(())
}

/// What is started all the time.
#[flow]
pub(super) async fn ticks() {
    tell("ticked");
}

/// How a program serves.
pub(super) struct Program {
    pub(super) grace: Duration,
    pub(super) ticks: bool,
}

/// Whether this is the process of the test, which then has served, and ends with the code that `main` would have given.
pub(super) fn child_of(test: &str, program: Program) -> bool {
    if std::env::var(CHILD).ok().as_deref() != Some(test) {
        return false;
    }
    let store = std::env::var(STORE).unwrap();
    let tokio = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let served = tokio.block_on(serve(Path::new(&store), program));
    let code = served.report();
    exit((0..=u8::MAX).find(|byte| ExitCode::from(*byte) == code).unwrap().into())
}

async fn serve(store: &Path, program: Program) -> Result<orch::Served, Error> {
    let store = SledStore::builder(store).durability(SyncMode::Process).open().unwrap();
    let runtime = Runtime::builder().store(store).provide(Word::listen()).build()?;
    let schedules = runtime.schedules();
    if schedules.list().await?.is_empty() {
        // One run, as soon as somebody serves.
        works().on(&runtime).schedule("once").every(HOUR).until("1999-01-01").create().await?;
        let hour = Timestamp::from_micros(0)..Timestamp::from_micros(HOUR.as_micros() as u64);
        schedules.backfill("once", hour).start().await?;
        if program.ticks {
            ticks().on(&runtime).schedule("often").every(Duration::from_millis(2)).create().await?;
        }
    }
    runtime.serve().grace(program.grace).await
}
