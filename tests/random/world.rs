//! What bodies tell, and how long they take.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use orch::{RunId, TaskNumber};

/// A task run among those of all runs.
pub type Place = (RunId, TaskNumber);

/// Provided to the runtime: each life has its own.
#[derive(Clone, Default)]
pub struct World(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    rng: fastrand::Rng,
    log: Log,
    operations: Option<Box<dyn Fn(RunId) -> usize + Send>>,
    tries: Arc<Mutex<HashMap<String, u32>>>,
}

/// Everything that one life told.
#[derive(Clone, Default)]
pub struct Log {
    pub decisions: HashMap<String, Decided>,
    pub bodies: Vec<Body>,
    /// What must not be.
    pub faults: Vec<String>,
}

/// What the program alone does not say.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    Drawn(u64),
    /// Of the clock, which may say the same twice.
    Time(u64),
    Winner(usize),
    Coming(Vec<usize>),
    Cancelled(bool),
    Attempt(u32),
}

#[derive(Clone, Debug)]
pub struct Decided {
    pub decision: Decision,
    pub run: RunId,
    /// Operations of the run that the store had seen. What was decided is safe when there is one more.
    pub at: usize,
}

#[derive(Clone, Debug)]
pub struct Body {
    pub place: Place,
    pub attempt: u32,
    pub label: String,
    pub key: String,
}

impl World {
    pub fn new(seed: u64, tries: Arc<Mutex<HashMap<String, u32>>>) -> Self {
        let rng = fastrand::Rng::with_seed(seed);
        Self(Arc::new(Mutex::new(Inner { rng, tries, ..Inner::default() })))
    }

    /// How to count what the store has seen of a run.
    pub fn count_with(&self, operations: impl Fn(RunId) -> usize + Send + 'static) {
        self.0.lock().unwrap().operations = Some(Box::new(operations));
    }

    pub fn log(&self) -> Log {
        self.0.lock().unwrap().log.clone()
    }

    pub fn decide(&self, path: &str, decision: Decision) {
        let run = orch::ctx().run().expect("a body decides");
        let mut inner = self.0.lock().unwrap();
        let at = inner.operations.as_ref().map_or(0, |count| count(run));
        inner.log.decisions.insert(path.to_owned(), Decided { decision, run, at });
    }

    /// A body has started.
    pub fn body(&self, label: String) {
        let context = orch::ctx();
        let place = context.run().zip(context.task_number()).expect("a body runs in a task");
        let key = orch::idempotency_key().expect("a body runs in a task").to_string();
        let body = Body { place, attempt: context.attempt(), label, key };
        self.0.lock().unwrap().log.bodies.push(body);
    }

    /// How often this task run was tried, this time included.
    pub fn tried(&self) -> u32 {
        let key = orch::idempotency_key().expect("a body runs in a task").to_string();
        let tries = self.0.lock().unwrap().tries.clone();
        let mut tries = tries.lock().unwrap();
        let tried = tries.entry(key).or_default();
        *tried += 1;
        *tried
    }

    pub fn fault(&self, what: String) {
        self.0.lock().unwrap().log.faults.push(what);
    }

    pub fn draw(&self) -> u64 {
        self.0.lock().unwrap().rng.u64(..)
    }

    pub fn below(&self, limit: usize) -> usize {
        self.0.lock().unwrap().rng.usize(..limit)
    }

    /// Waits a little, differently each time.
    pub async fn dawdle(&self) {
        let turns = {
            let rng = &mut self.0.lock().unwrap().rng;
            match rng.u8(..8) {
                0..3 => 0,
                3..6 => rng.u8(1..4),
                6 => rng.u8(4..20),
                _ => rng.u8(20..100),
            }
        };
        for _ in 0..turns {
            tokio::task::yield_now().await;
        }
    }
}
