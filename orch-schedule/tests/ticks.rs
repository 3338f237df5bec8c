//! Due times against `fixtures/ticks.txt`, which other implementations and the definitions themselves have written; see
//! `fixtures/generate.py`.

use orch_schedule::{Doubled, Dst, Missing, Rule};

const FIXTURES: &str = include_str!("fixtures/ticks.txt");

/// The policies as the fixtures write them.
const POLICIES: [(&str, Dst); 6] = {
    const fn both(missing: Missing, doubled: Doubled) -> Dst {
        Dst { missing, doubled }
    }
    [
        ("sf", both(Missing::Shift, Doubled::First)),
        ("sl", both(Missing::Shift, Doubled::Last)),
        ("sb", both(Missing::Shift, Doubled::Both)),
        ("kf", both(Missing::Skip, Doubled::First)),
        ("kl", both(Missing::Skip, Doubled::Last)),
        ("kb", both(Missing::Skip, Doubled::Both)),
    ]
};

const TICKS: usize = 4;

#[test]
fn rules_are_due_when_others_say_so() {
    let (mut cases, mut checked, mut wrong) = (0, 0, Vec::new());
    let (mut zone, mut start) = ("", 0_i64);
    for line in FIXTURES.lines().filter(|line| !line.starts_with('#')) {
        if let Some(header) = line.strip_prefix("@ ") {
            let (name, seconds) = header.split_once(' ').unwrap();
            (zone, start) = (name, seconds.parse().unwrap());
            continue;
        }
        let mut parts = line.split(';');
        let expression = parts.next().unwrap();
        cases += 1;
        for part in parts {
            let (names, steps) = part.split_once('=').unwrap();
            let mut at = start;
            let expected: Vec<i64> = steps
                .split_whitespace()
                .map(|step| {
                    at += step.parse::<i64>().unwrap();
                    at
                })
                .collect();
            for (name, dst) in POLICIES.iter().filter(|(name, _)| names == "*" || names.contains(name)) {
                checked += 1;
                let rule = Rule::cron(expression).zone(zone).dst(*dst).build().unwrap();
                // Parts of a second do not count, and the moment itself is not after itself.
                let found = rule.upcoming(start * 1_000_000 + cases % 2 * 999_999, TICKS);
                let expected: Vec<i64> = expected.iter().map(|at| at * 1_000_000).collect();
                if found != expected {
                    wrong.push(format!(
                        "{expression} in {zone} after {start}, {name}: {found:?}, not {expected:?}"
                    ));
                }
            }
        }
    }
    println!("{cases} cases, {checked} with their policies");
    assert!(cases >= 2_000 && checked >= 10_000, "{cases} cases, {checked} with their policies");
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong[..wrong.len().min(20)].join("\n"));
}
