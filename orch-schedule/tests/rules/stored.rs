//! Rules and policies as they are stored.

use std::time::Duration;

use orch_schedule::{CatchUp, Doubled, Policy, Rule};

#[test]
fn what_is_read_is_what_was_stored() {
    let rules = [
        Rule::cron("0 9 * * FRI#2").zone("europe/berlin").doubled(Doubled::Both).build().unwrap(),
        Rule::cron("@daily").build().unwrap(),
        Rule::every(Duration::from_millis(1500)).anchor("2026-01-01").build().unwrap(),
        Rule::all_of(&["2026-12-24", "2026-12-31"]).build().unwrap(),
    ];
    for rule in rules {
        let stored = serde_json::to_string(&rule).unwrap();
        assert_eq!(serde_json::from_str::<Rule>(&stored).unwrap(), rule, "{stored}");
    }
    let policy = Policy { catch_up: CatchUp::All, until: Some(7), ..Policy::default() };
    let stored = serde_json::to_string(&policy).unwrap();
    assert_eq!(serde_json::from_str::<Policy>(&stored).unwrap(), policy);
}

#[test]
fn an_expression_is_stored_as_its_text() {
    let rule = Rule::cron(" 0 9 * * FRI#2 ").zone("europe/berlin").build().unwrap();
    let stored = serde_json::to_string(&rule).unwrap();
    assert!(stored.contains("\"0 9 * * FRI#2\"") && stored.contains("\"Europe/Berlin\""), "{stored}");
}

#[test]
fn what_is_no_rule_is_not_read() {
    let rule = Rule::cron("0 9 * * *").zone("Europe/Berlin").build().unwrap();
    let stored = serde_json::to_string(&rule).unwrap();
    for (from, to, said) in
        [("0 9 ", "0 24 ", "hour 24: 0–23"), ("Europe/Berlin", "Europe/Bonn", "no time zone `Europe/Bonn`")]
    {
        let error = serde_json::from_str::<Rule>(&stored.replace(from, to)).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
}
