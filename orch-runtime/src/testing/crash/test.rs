//! What a user calls.

use std::{fmt::Debug, time::Duration};

use serde::{Serialize, de::DeserializeOwned};

use super::{child, judge, role::Role, table::CrashMatrix, workers::Workers};
use crate::{Call, Flow, runtime::RuntimeBuilder};

/// What a test provides to the runtimes of its children.
type Prepare<'a> = dyn Fn(RuntimeBuilder) -> RuntimeBuilder + Sync + 'a;

/// Kills `flow` at every boundary of its changes, resumes it, and tells what came of it: [`CrashTest`] with its defaults.
///
/// A *boundary* is one change at one [`CrashPoint`](crate::testing::CrashPoint). The flow is first run undisturbed to learn which
/// there are. Then, for each, a child process runs it in a directory of its own and kills itself there, and a second
/// one resumes what the directory holds. Which bodies began is noted outside the store. The table says for
/// each boundary which bodies ran again, whether the result is the same, and what was wrong.
///
/// ```no_run
/// # extern crate orch_runtime as orch;
/// # fn order(product: u64) -> orch::Call<String, orch::Flow> { unreachable!() }
/// #[test]
/// # fn unused() {}
/// fn an_order_survives_every_crash() {
///     let matrix = orch::testing::crash_matrix(|| order(7));
///     println!("{matrix}");
///     matrix.assert_sound();
/// }
/// ```
///
/// The children are this program once more: inside a test, that test alone; else with the arguments of this process. So
/// what stands before the call happens in each of them again, and what stands behind it does not: a child ends inside
/// the call. A store on disk is what they have, and a virtual clock they have not: a flow that sleeps for an hour does.
///
/// What the flow gives, and how many bodies it runs, must not differ from one undisturbed run to the next: ids, times
/// and random numbers of `orch` may go into its calls but not into its result.
///
/// # Panics
/// When a child cannot be started, or the undisturbed run does not end.
pub fn crash_matrix<T, F>(flow: F) -> CrashMatrix
where
    T: Debug + Serialize + DeserializeOwned + Send + 'static,
    F: Fn() -> Call<T, Flow> + Send,
{
    CrashTest::new().run(flow)
}

/// Chooses how [`crash_matrix`] goes about it.
///
/// ```no_run
/// # extern crate orch_runtime as orch;
/// # fn order(product: u64) -> orch::Call<String, orch::Flow> { unreachable!() }
/// # struct Shop;
/// use std::time::Duration;
/// use orch::testing::CrashTest;
///
/// let test = CrashTest::new().with(|runtime| runtime.provide(Shop)).limit(Duration::from_secs(20));
/// test.run(|| order(7)).assert_sound();
/// ```
pub struct CrashTest<'a> {
    prepare: Box<Prepare<'a>>,
    limit: Duration,
    at_once: usize,
    twice: bool,
}

impl<'a> CrashTest<'a> {
    /// One with the defaults.
    pub fn new() -> Self {
        let at_once = std::thread::available_parallelism().map_or(1, usize::from);
        Self { prepare: Box::new(|runtime| runtime), limit: Duration::from_secs(60), at_once, twice: false }
    }

    /// What the runtimes of the children have: provided values, permits, patience. Their store is not chosen here.
    pub fn with(mut self, prepare: impl Fn(RuntimeBuilder) -> RuntimeBuilder + Sync + 'a) -> Self {
        self.prepare = Box::new(prepare);
        self
    }

    /// Kills the child that resumes too, elsewhere for each boundary, and lets a third one go on.
    pub fn twice(mut self) -> Self {
        self.twice = true;
        self
    }

    /// How long a child may take before it counts as hanging. Default: 60 seconds.
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// How many children there are at once; at least 1. Default: the number of processors.
    pub fn at_once(mut self, children: usize) -> Self {
        self.at_once = children.max(1);
        self
    }

    /// Kills the flow at every boundary, and resumes it; see [`crash_matrix`].
    ///
    /// # Panics
    /// When a child cannot be started, or the undisturbed run does not end.
    pub fn run<T, F>(self, flow: F) -> CrashMatrix
    where
        T: Debug + Serialize + DeserializeOwned + Send + 'static,
        F: Fn() -> Call<T, Flow> + Send,
    {
        let place = Role::next_place();
        match Role::of_process() {
            None => judge::matrix(&Workers::new(place, self.limit), self.at_once, self.twice),
            Some(role) if role.place == place => child::live(&role, &*self.prepare, flow),
            // The child of another call in the same test.
            Some(_) => CrashMatrix::nothing(),
        }
    }
}

impl Default for CrashTest<'_> {
    fn default() -> Self {
        Self::new()
    }
}

impl Debug for CrashTest<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CrashTest")
            .field("limit", &self.limit)
            .field("at_once", &self.at_once)
            .field("twice", &self.twice)
            .finish_non_exhaustive()
    }
}
