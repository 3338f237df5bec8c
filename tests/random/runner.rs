//! Looks for a program that goes wrong.

use std::{cell::RefCell, fmt, time::Duration};

use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

use crate::{
    check::{Plan, Tally, check},
    language::as_code,
    strategy::{Case, cases},
};

#[derive(Clone, Copy, Debug)]
pub enum Threads {
    One,
    Several,
}

/// A program that goes wrong, as small as it was found.
pub struct Found {
    case: Case,
    threads: Threads,
    fault: String,
    pub tried: u32,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { case, threads, fault, tried } = self;
        let (program, seed) = (as_code(&case.program), case.seed);
        write!(f, "after {tried} cases, on {threads:?}: {fault}\n")?;
        write!(f, "for found.rs:\n    holds(Threads::{threads:?}, {seed}, {program});")
    }
}

/// From `ORCH_CASES`; few enough for an ordinary run otherwise.
pub fn cases_wanted() -> u32 {
    std::env::var("ORCH_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(200)
}

/// From `ORCH_SEED`, or a new one where `ORCH_CASES` asks for a search; an ordinary run has the same programs each time.
pub fn seed() -> u64 {
    let given = std::env::var("ORCH_SEED").ok().and_then(|seed| seed.parse().ok());
    let searches = std::env::var_os("ORCH_CASES").is_some();
    given.unwrap_or_else(|| if searches { fastrand::u64(..) } else { 7717710911694852336 })
}

fn tokio(threads: Threads) -> tokio::runtime::Runtime {
    let mut builder = match threads {
        Threads::One => tokio::runtime::Builder::new_current_thread(),
        Threads::Several => tokio::runtime::Builder::new_multi_thread(),
    };
    builder.worker_threads(2).enable_time().build().unwrap()
}

/// One case.
pub fn holds(plan: Plan, threads: Threads, case: &Case) -> Result<Tally, String> {
    let runtime = tokio(threads);
    let ended = match threads {
        Threads::One => runtime.block_on(check(plan, case)),
        Threads::Several => {
            let case = case.clone();
            let checked = runtime.spawn(async move { check(plan, &case).await });
            runtime.block_on(checked).unwrap_or_else(|error| Err(format!("a panic: {error}")))
        }
    };
    // What hangs is left where it is.
    runtime.shutdown_timeout(Duration::from_millis(if ended.is_err() { 10 } else { 1000 }));
    ended
}

/// As many cases as asked for, or the first one that goes wrong.
pub fn search(plan: Plan, threads: Threads, cases_wanted: u32, seed: u64) -> Result<Tally, Found> {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    bytes[8] = threads as u8;
    let config = Config {
        cases: cases_wanted,
        failure_persistence: None,
        max_shrink_iters: 3_000,
        max_shrink_time: 120_000,
        ..Config::default()
    };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let (tried, tally) = (RefCell::new((0u32, false)), RefCell::new(Tally::default()));
    let ended = TestRunner::new_with_rng(config, rng).run(&cases(), |case| {
        {
            let mut tried = tried.borrow_mut();
            tried.0 += u32::from(!tried.1);
        }
        // What depends on the schedule may need more than one try, while it shrinks.
        let tries = if tried.borrow().1 { 3 } else { 1 };
        // One that hangs is found out soon while it shrinks.
        let limit = if tries > 1 { plan.limit.min(Duration::from_millis(700)) } else { plan.limit };
        for _ in 0..tries {
            match holds(Plan { limit, ..plan }, threads, &case) {
                Ok(of_case) => {
                    let mut tally = tally.borrow_mut();
                    tally.lives += of_case.lives;
                    tally.bodies += of_case.bodies;
                    tally.decisions += of_case.decisions;
                }
                Err(fault) => {
                    if tries == 1 {
                        println!("{threads:?}, seed {}: {fault}\n{}", case.seed, as_code(&case.program));
                    }
                    tried.borrow_mut().1 = true;
                    return Err(TestCaseError::fail(fault));
                }
            }
        }
        Ok(())
    });
    match ended {
        Ok(()) => Ok(tally.into_inner()),
        Err(TestError::Fail(fault, case)) => {
            Err(Found { case, threads, fault: fault.to_string(), tried: tried.into_inner().0 })
        }
        Err(TestError::Abort(reason)) => panic!("the search gave up: {reason}"),
    }
}
