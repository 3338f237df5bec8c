//! What the schedules of a world are like.

use std::time::Duration;

use fastrand::Rng;
use orch_schedule::{CatchUp, Doubled, Missing, Overlap, Policy, Rule};

use super::world::{DAY, HOUR, SECOND, YEAR};

pub(super) fn rule(random: &mut Rng) -> Rule {
    let zone = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"][random.usize(0..4)];
    let every = |unit: i64, n: i64| Rule::every(Duration::from_micros((unit * n) as u64));
    match random.u8(0..10) {
        0..4 => {
            let cron = [
                "0 9 * * *",
                "30 2 * * *",
                "*/30 1-3 * * SUN",
                "0 0 1 * *",
                "15 6 * * MON-FRI",
                "0 12 * * 5L",
                "0 0 29 2 *",
                "0 */6 * * *",
            ];
            let rule = Rule::cron(cron[random.usize(0..cron.len())]).zone(zone);
            let doubled = [Doubled::First, Doubled::Last, Doubled::Both][random.usize(0..3)];
            let missing = [Missing::Shift, Missing::Skip][random.usize(0..2)];
            rule.doubled(doubled).missing(missing).build().expect("a rule")
        }
        4..6 => every(HOUR, random.i64(5..40)).build().expect("a rule"),
        6..8 => every(DAY, random.i64(1..20)).build().expect("a rule"),
        8 => every(60 * SECOND, random.i64(90..300)).build().expect("a rule"),
        _ => Rule::at("2026-02-01 08:00")
            .and("2026-06-01 08:00")
            .and("2026-06-01 08:01")
            .zone(zone)
            .build()
            .expect("a rule"),
    }
}

pub(super) fn policy(random: &mut Rng, begin: i64) -> Policy {
    let maybe = |random: &mut Rng, from: u64, to: u64| {
        random.bool().then(|| Duration::from_secs(random.u64(from..to)))
    };
    Policy {
        catch_up: [CatchUp::None, CatchUp::Last, CatchUp::All][random.usize(0..3)],
        max_late: maybe(random, 1, 20 * 3_600).or_else(|| maybe(random, 3_600, 50 * 86_400)),
        overlap: [Overlap::Allow, Overlap::Skip, Overlap::Queue, Overlap::Cancel][random.usize(0..4)],
        jitter: maybe(random, 1, 20_000),
        until: (random.u8(0..8) == 0).then(|| begin + random.i64(0..YEAR)),
        max_runs: (random.u8(0..8) == 0).then(|| random.u64(1..200)),
    }
}
