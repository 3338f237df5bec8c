//! A year of schedules, with crashes, clocks that jump, pauses and runs that overlap: every tick has one fate, and the one
//! that its policy says.

mod account;
mod choice;
mod judge;
mod world;

use std::{
    panic::{catch_unwind, resume_unwind},
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use account::Account;
use world::World;

/// Worlds that are lived through: `ORCH_SEEDS` says how many, `ORCH_SEED` which one alone, and `ORCH_SCHEDULES` how many
/// schedules each has. A search has `ORCH_SEEDS=1000 ORCH_SCHEDULES=200`, and wants optimized code.
#[test]
fn every_tick_is_accounted_for_once() {
    let from = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seeds = from("ORCH_SEED").map_or(0..from("ORCH_SEEDS").unwrap_or(2), |seed| seed..seed + 1);
    let schedules = usize::try_from(from("ORCH_SCHEDULES").unwrap_or(40)).expect("a number");
    let total = Mutex::new(Account::default());
    let next = AtomicU64::new(seeds.start);
    let live = || {
        while let Some(seed) = Some(next.fetch_add(1, Ordering::Relaxed)).filter(|seed| seeds.contains(seed))
        {
            let account = account_of(seed, schedules).unwrap_or_else(|panic| {
                // One that is wrong is enough.
                next.store(seeds.end, Ordering::Relaxed);
                eprintln!("with ORCH_SEED={seed} ORCH_SCHEDULES={schedules}");
                resume_unwind(panic)
            });
            total.lock().expect("nobody panicked").add(&account);
        }
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        let all: Vec<_> = (0..threads).map(|_| scope.spawn(live)).collect();
        all.into_iter().for_each(|one| one.join().unwrap_or_else(|panic| resume_unwind(panic)));
    });
    let total = total.into_inner().expect("nobody panicked");
    println!("{} worlds: {total:?}", seeds.end - seeds.start);
    // A single world may be a quiet one.
    let busy = total.fired > 0 && total.caught_up > 0 && total.skipped.len() >= 6;
    assert!(busy || from("ORCH_SEED").is_some(), "too tame: {total:?}");
}

/// Lives through one world, and judges it.
fn account_of(seed: u64, schedules: usize) -> thread::Result<Account> {
    catch_unwind(|| {
        let mut world = World::new(seed, schedules);
        world.live();
        world.account().unwrap_or_else(|fault| panic!("{fault}"))
    })
}
