//! Moments before and after everything, periods that do not fit, dates that never come.

use std::time::Duration;

use orch_schedule::{Doubled, Dst, Missing, Rule, Zone, moment};

use crate::utc;

#[test]
fn nothing_is_due_at_the_end_of_time_and_nothing_overflows_before() {
    let rules = [
        Rule::cron("* * * * * *").build().unwrap(),
        Rule::cron("* * * * *").zone("America/New_York").build().unwrap(),
        Rule::cron("0 0 29 2 *").zone("Pacific/Apia").build().unwrap(),
        Rule::every(Duration::from_micros(1)).build().unwrap(),
        Rule::every(Duration::MAX).build().unwrap(),
        Rule::every(Duration::from_secs(3600)).anchor("9998-12-31").build().unwrap(),
        Rule::at("9998-12-31 23:59:59").build().unwrap(),
    ];
    for rule in &rules {
        assert_eq!(rule.next_after(i64::MAX), None, "{rule}");
        assert!(rule.next_after(i64::MIN).is_none_or(|first| first > i64::MIN), "{rule}");
        assert_eq!(rule.next_after(utc("9998-12-31 23:59:59") + 40_000 * 86_400_000_000), None, "{rule}");
    }
    let minutely = Rule::cron("* * * * *").zone("America/New_York").build().unwrap();
    let last = minutely.ticks(utc("9998-12-31") + 364 * 86_400_000_000).last().unwrap();
    assert!(last < utc("9998-12-31") + 366 * 86_400_000_000);
}

#[test]
fn a_stored_rule_with_a_period_of_nothing_is_never_due() {
    let rule = Rule::Every { period: Duration::ZERO, anchor: 0 };
    assert_eq!(rule.next_after(0), None);
    assert!(Rule::every(Duration::from_nanos(999)).build().is_err());
}

#[test]
fn periods_go_through_their_anchor_in_both_directions() {
    let rule = Rule::every(Duration::from_secs(5400)).anchor("2026-01-01 06:30").build().unwrap();
    assert_eq!(rule.next_after(utc("2026-01-01 06:29:59")), Some(utc("2026-01-01 06:30")));
    assert_eq!(rule.next_after(utc("2026-01-01 06:30")), Some(utc("2026-01-01 08:00")));
    assert_eq!(rule.next_after(utc("2025-12-31 23:59")), Some(utc("2026-01-01 00:30")));
    let plain = Rule::every(Duration::from_secs(3600)).build().unwrap();
    assert_eq!(plain.next_after(utc("2026-01-01 06:30")), Some(utc("2026-01-01 07:00")));
    assert_eq!(plain.next_after(-1), Some(0));
    let in_berlin = Rule::every(Duration::from_secs(86_400)).anchor("2026-07-01 06:30").zone("Europe/Berlin");
    assert_eq!(in_berlin.build().unwrap().next_after(utc("2026-12-01")), Some(utc("2026-12-01 04:30")));
}

#[test]
fn rare_dates_are_found_and_what_never_comes_is_given_up() {
    let rare = Rule::cron("0 0 * 2 MON#5").zone("Europe/Berlin").build().unwrap();
    let found: Vec<i64> = rare.upcoming(utc("2000-03-01"), 3);
    let expected = ["2016-02-28 23:00", "2044-02-28 23:00", "2072-02-28 23:00"];
    assert_eq!(found, expected.map(utc));
    // The last Sunday of March is when the clocks there skip this hour.
    let skipped = Rule::cron("30 2 * 3 SUNL").zone("Europe/Berlin").missing(Missing::Skip);
    assert_eq!(skipped.clone().build().unwrap().next_after(utc("2026-01-01")), None);
    let shifted = skipped.missing(Missing::Shift).build().unwrap();
    assert_eq!(shifted.next_after(utc("2026-01-01")), Some(utc("2026-03-29 01:30")));
}

#[test]
fn moments_follow_the_policy_and_come_once_each() {
    let at = |dst| {
        Rule::all_of(&["2026-10-25 02:30", "2026-03-29 02:30", "2026-03-29T01:30:00Z", "2026-06-01"])
            .zone("Europe/Berlin")
            .dst(dst)
            .build()
            .unwrap()
            .upcoming(i64::MIN, 9)
    };
    let june = utc("2026-05-31 22:00");
    let spring = utc("2026-03-29 01:30");
    let (first, last) = (utc("2026-10-25 00:30"), utc("2026-10-25 01:30"));
    assert_eq!(at(Dst::DEFAULT), [spring, june, first]);
    assert_eq!(at(Dst { doubled: Doubled::Last, ..Dst::DEFAULT }), [spring, june, last]);
    // The one with an offset is no local time, so it stays.
    assert_eq!(at(Dst { missing: Missing::Skip, doubled: Doubled::Both }), [spring, june, first, last]);
    let skipped = Rule::at("2026-03-29 02:30").zone("Europe/Berlin");
    let skipped = skipped.dst(Dst { missing: Missing::Skip, doubled: Doubled::First });
    assert_eq!(skipped.build().unwrap().next_after(i64::MIN), None);
}

#[test]
fn a_moment_says_whose_clock_it_means() {
    let berlin = Zone::named("Europe/Berlin").unwrap();
    for (text, meant) in [
        ("2026-12-24 18:00", "2026-12-24T17:00:00Z"),
        ("2026-12-24T18:00:30z", "2026-12-24 18:00:30"),
        ("2026-12-24 18:00-05:30", "2026-12-24 23:30"),
        ("2026-06-01", "2026-05-31 22:00"),
        ("2026-03-29 02:30", "2026-03-29 01:30"),
    ] {
        assert_eq!(moment(text, berlin).unwrap(), utc(meant), "{text}");
    }
}
