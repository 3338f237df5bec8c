//! What is promised about defaults and jitter.

use std::time::Duration;

use orch_schedule::{CatchUp, Dst, Overlap, Policy, Rule, jitter_of};

use crate::utc;

#[test]
fn constants_are_the_defaults() {
    assert_eq!(Policy::DEFAULT, Policy::default());
    assert_eq!(Dst::DEFAULT, Dst::default());
    assert_eq!((Policy::DEFAULT.catch_up, Policy::DEFAULT.overlap), (CatchUp::Last, Overlap::Allow));
}

#[test]
fn a_doubled_hour_is_silent_by_default_for_every_expression() {
    let rule = Rule::cron("*/30 * * * *").zone("Europe/Berlin").build().unwrap();
    let found = rule.upcoming(utc("2026-10-24 23:59"), 5);
    let expected =
        ["00:00", "00:30", "02:00", "02:30", "03:00"].map(|time| utc(&format!("2026-10-25 {time}")));
    assert_eq!(found, expected);
}

#[test]
fn what_is_shifted_onto_another_tick_is_one_tick() {
    let rule = Rule::cron("*/30 * * * *").zone("Europe/Berlin").build().unwrap();
    let found = rule.upcoming(utc("2026-03-29 00:00"), 4);
    let expected = ["00:30", "01:00", "01:30", "02:00"].map(|time| utc(&format!("2026-03-29 {time}")));
    assert_eq!(found, expected);
}

#[test]
fn jitter_stays_below_its_bound() {
    for most in [Duration::from_micros(1), Duration::from_secs(1), Duration::MAX] {
        for tick in [i64::MIN, -1, 0, 1, i64::MAX] {
            assert!(jitter_of("nightly", tick, most) < most);
        }
    }
}
