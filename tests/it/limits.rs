//! Who may run now: pools, rates, keys, priorities, and what happens where nothing can ever come.

mod fair;
mod kept;
mod nested;
mod options;
mod random;
mod refused;
mod runs;
mod shown;

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// What bodies take of a pool, counted by the bodies themselves.
#[derive(Clone, Default)]
pub struct Gauge(Arc<Counts>);

#[derive(Default)]
struct Counts {
    now: AtomicU64,
    most: AtomicU64,
}

/// A body, or a thread, that takes something until this is dropped.
pub struct Inside(Arc<Counts>, u64);

impl Gauge {
    pub fn enter(&self, permits: u64) -> Inside {
        let now = self.0.now.fetch_add(permits, Ordering::SeqCst) + permits;
        self.0.most.fetch_max(now, Ordering::SeqCst);
        Inside(self.0.clone(), permits)
    }

    /// The most that was taken at once.
    pub fn most(&self) -> u64 {
        self.0.most.load(Ordering::SeqCst)
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        self.0.now.fetch_sub(self.1, Ordering::SeqCst);
    }
}

/// The seconds since the clock of the test began.
pub async fn seconds() -> u64 {
    orch::now().await.duration_since(orch::testing::START.as_system_time()).unwrap().as_secs()
}

/// How many seeds: few by default, many where somebody asks for them.
pub fn seeds(default: u64) -> u64 {
    std::env::var("ORCH_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(default)
}
