//! A year of schedules, with crashes, clocks that jump, pauses and runs that overlap: every tick has one fate, and the one
//! that its policy says.

use super::world::World;

/// Worlds that are lived through: `ORCH_SEEDS` says how many, `ORCH_SEED` which one alone, and `ORCH_SCHEDULES` how many
/// schedules each has. A search has `ORCH_SEEDS=1000 ORCH_SCHEDULES=200`.
#[test]
fn every_tick_is_accounted_for_once() {
    let from = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seeds = from("ORCH_SEED").map_or(0..from("ORCH_SEEDS").unwrap_or(2), |seed| seed..seed + 1);
    let schedules = usize::try_from(from("ORCH_SCHEDULES").unwrap_or(40)).expect("a number");
    let mut total = super::account::Account::default();
    for seed in seeds.clone() {
        let mut world = World::new(seed, schedules);
        world.live();
        match world.account() {
            Ok(account) => total.add(&account),
            Err(fault) => panic!("{fault}\nwith ORCH_SEED={seed}"),
        }
    }
    println!("{} worlds: {total:?}", seeds.count());
    // A single world may be a quiet one.
    let busy = total.fired > 0 && total.caught_up > 0 && total.skipped.len() >= 6;
    assert!(busy || from("ORCH_SEED").is_some(), "too tame: {total:?}");
}
