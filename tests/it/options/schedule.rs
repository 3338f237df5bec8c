//! What an attribute says about schedules, as its definition hands it on.

use std::time::Duration;

use orch::{__private as seam, RuleText, ScheduleDefinition, flow};
use orch_schedule::{CatchUp, Overlap, Policy, Rule, Zone, moment};

/// The schedules of the flow with this name.
fn schedules(name: &str) -> &'static [ScheduleDefinition] {
    registered(name).definition().scheduled()
}

fn registered(name: &str) -> &'static seam::Registered {
    let mut all = seam::inventory::iter::<seam::Registered>.into_iter();
    all.find(|it| it.definition().name().is_ok_and(|full| full == name)).unwrap()
}

fn only(name: &str) -> &'static ScheduleDefinition {
    let [only] = schedules(name) else { panic!("{name} has one schedule") };
    only
}

fn utc(text: &str) -> i64 {
    moment(text, Zone::UTC).unwrap()
}

fn next(schedule: &ScheduleDefinition, after: &str) -> i64 {
    schedule.rule().unwrap().next_after(utc(after)).unwrap()
}

#[flow(name = "schedules::cron", cron = "30 2 * * *")]
async fn cron() {}

#[flow(name = "schedules::tz", cron = "30 2 * * *", tz = "Europe/Berlin")]
async fn tz() {}

#[flow(name = "schedules::missing", cron = "30 2 * * *", tz = "Europe/Berlin", dst(missing = skip))]
async fn missing() {}

#[flow(name = "schedules::doubled", cron = "30 2 * * *", tz = "Europe/Berlin", dst(doubled = last))]
async fn doubled() {}

#[test]
fn an_expression_a_zone_and_each_half_of_dst_change_what_is_due() {
    let spring = "2026-03-28 12:00";
    assert_eq!(next(only("schedules::cron"), spring), utc("2026-03-29 02:30"));
    assert_eq!(next(only("schedules::tz"), spring), utc("2026-03-29 01:30"));
    assert_eq!(next(only("schedules::missing"), spring), utc("2026-03-30 00:30"));
    assert_eq!(next(only("schedules::doubled"), spring), utc("2026-03-29 01:30"));
    let autumn = "2026-10-24 12:00";
    assert_eq!(next(only("schedules::tz"), autumn), utc("2026-10-25 00:30"));
    assert_eq!(next(only("schedules::missing"), autumn), utc("2026-10-25 00:30"));
    assert_eq!(next(only("schedules::doubled"), autumn), utc("2026-10-25 01:30"));
}

#[flow(name = "schedules::every", every = "1h30m")]
async fn every() {}

#[flow(name = "schedules::anchor", every = "1h30m", anchor = "2026-01-01 06:30")]
async fn anchor() {}

#[flow(name = "schedules::anchor_tz", every = "1h30m", anchor = "2026-01-01 06:30", tz = "Asia/Kolkata")]
async fn anchor_tz() {}

#[test]
fn a_period_is_counted_from_its_anchor() {
    let after = "2026-01-01 06:15";
    assert_eq!(next(only("schedules::every"), after), utc("2026-01-01 07:30"));
    assert_eq!(next(only("schedules::anchor"), after), utc("2026-01-01 06:30"));
    assert_eq!(next(only("schedules::anchor_tz"), after), utc("2026-01-01 07:00"));
}

#[flow(name = "schedules::at", at = "2026-12-24 18:00", tz = "Europe/Berlin")]
async fn at() {}

#[flow(name = "schedules::moments", at = ["2026-12-31T12:00:00+01:00", "2026-12-24"])]
async fn moments() {}

#[test]
fn moments_are_due_once_each_and_in_order() {
    let all = |name| only(name).rule().unwrap().upcoming(i64::MIN, 9);
    assert_eq!(all("schedules::at"), [utc("2026-12-24 17:00")]);
    assert_eq!(all("schedules::moments"), [utc("2026-12-24"), utc("2026-12-31 11:00")]);
}

#[flow(
    name = "schedules::policies",
    cron = "@daily",
    schedule(name = "catch_up", cron = "@daily", catch_up = all),
    schedule(name = "max_late", cron = "@daily", max_late = "1h"),
    schedule(name = "overlap", cron = "@daily", overlap = queue),
    schedule(name = "jitter", cron = "@daily", jitter = "30s"),
    schedule(name = "until", cron = "@daily", until = "2027-01-01", tz = "Europe/Berlin"),
    schedule(name = "max_runs", cron = "@daily", max_runs = 3)
)]
async fn policies() {}

#[test]
fn each_policy_is_handed_on_and_nothing_else_changes() {
    let plain = Policy::DEFAULT;
    let expected = [
        ("default", plain.clone()),
        ("catch_up", Policy { catch_up: CatchUp::All, ..plain.clone() }),
        ("max_late", Policy { max_late: Some(Duration::from_secs(3600)), ..plain.clone() }),
        ("overlap", Policy { overlap: Overlap::Queue, ..plain.clone() }),
        ("jitter", Policy { jitter: Some(Duration::from_secs(30)), ..plain.clone() }),
        ("until", Policy { until: Some(utc("2026-12-31 23:00")), ..plain.clone() }),
        ("max_runs", Policy { max_runs: Some(3), ..plain }),
    ];
    let found: Vec<_> =
        schedules("schedules::policies").iter().map(|it| (it.name(), it.policy().unwrap())).collect();
    assert_eq!(found, expected);
    let lines: Vec<u32> = schedules("schedules::policies").iter().map(ScheduleDefinition::line).collect();
    assert!(lines.windows(2).all(|pair| pair[0] < pair[1]), "each is told by the line of its own: {lines:?}");
}

const BUDGET: u32 = 120;

#[flow(
    name = "schedules::inputs",
    schedule(name = "a", every = "5m", with(budget = BUDGET, url = "a", list = &[1, 2])),
    schedule(name = "b", every = "5m", with(url = String::from("b"), list = &Vec::from([3]), budget = 7))
)]
async fn inputs(url: String, #[provided] _db: &u8, list: &[u8], budget: u32) {
    let _ = (url, list, budget);
}

#[test]
fn inputs_are_stored_in_the_order_of_the_parameters_and_read_by_the_flow() {
    let [a, b] = schedules("schedules::inputs") else { panic!("two schedules") };
    let stored = |url: &str, list: &[u8], budget: u32| {
        seam::stored_input(&(url.to_owned(), list.to_vec(), budget)).unwrap()
    };
    assert_eq!(a.input().unwrap(), stored("a", &[1, 2], 120));
    assert_eq!(b.input().unwrap(), stored("b", &[3], 7));
    let flow = registered("schedules::inputs");
    for schedule in [a, b] {
        flow.takes(&schedule.input().unwrap()).unwrap();
    }
    registered("schedules::cron").takes(&only("schedules::cron").input().unwrap()).unwrap();
    flow.takes(&only("schedules::cron").input().unwrap()).unwrap_err();
}

#[flow(name = "schedules::none")]
async fn none() {}

#[test]
fn a_flow_without_schedules_has_none_and_texts_stay_as_they_were_written() {
    assert!(schedules("schedules::none").is_empty());
    assert_eq!(only("schedules::cron").rule_text(), RuleText::Cron("30 2 * * *"));
    assert!(matches!(only("schedules::tz").rule().unwrap(), Rule::Cron { .. }));
}
