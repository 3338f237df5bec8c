//! Random expressions, texts and moments.

use orch_schedule::{Cron, Doubled, Dst, Missing, Moment, Rule, Zone};

const ZONES: [&str; 8] = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "Pacific/Apia",
    "Asia/Tehran",
    "America/Sao_Paulo",
];

fn pick<'a>(rng: &mut fastrand::Rng, of: &[&'a str]) -> &'a str {
    of[rng.usize(..of.len())]
}

fn expression(rng: &mut fastrand::Rng) -> String {
    let minute = pick(rng, &["*", "*/7", "0", "30", "5-50/15", "59", "1,2,58"]);
    let hour = pick(rng, &["*", "*/5", "0", "2", "1-3", "23", "2,14"]);
    let day = pick(rng, &["*", "?", "*/2", "1", "L", "LW", "15W", "L-3", "28-31", "13"]);
    let month = pick(rng, &["*", "3", "3,10", "FEB", "*/4"]);
    let weekday = pick(rng, &["*", "?", "SUN", "1-5", "FRI#2", "6L", "*/2"]);
    let second = pick(rng, &["", "*/20 ", "7 ", "* "]);
    format!("{second}{minute} {hour} {day} {month} {weekday}")
}

/// The next tick stays the next until it comes; there is none between.
#[test]
fn the_next_tick_is_the_same_from_wherever_before_it_one_looks() {
    let mut rng = fastrand::Rng::with_seed(7);
    let mut looked = 0;
    for _ in 0..3_000 {
        let text = expression(&mut rng);
        let zone = pick(&mut rng, &ZONES);
        let dst = Dst {
            missing: [Missing::Shift, Missing::Skip][rng.usize(..2)],
            doubled: [Doubled::First, Doubled::Last, Doubled::Both][rng.usize(..3)],
        };
        let rule = match Rule::cron(&text).zone(zone).dst(dst).build() {
            Ok(rule) => rule,
            Err(error) => panic!("{error}"),
        };
        let start = rng.i64(1_200_000_000_000_000..2_000_000_000_000_000);
        let ticks = rule.upcoming(start, 3);
        for pair in [vec![start], ticks].concat().windows(2) {
            assert!(pair[0] < pair[1], "{text} in {zone}: {pair:?}");
            for between in [pair[0], pair[1] - 1, rng.i64(pair[0]..pair[1])] {
                assert_eq!(rule.next_after(between), Some(pair[1]), "{text} in {zone} after {between}");
                looked += 1;
            }
        }
    }
    assert!(looked > 20_000, "{looked}");
}

/// Whatever is written, it is a rule or an error that points into what was written.
#[test]
fn no_text_is_too_strange_to_be_read() {
    let mut rng = fastrand::Rng::with_seed(11);
    let parts = [
        "0",
        "7",
        "31",
        "60",
        "99999999999",
        "*",
        "?",
        "/",
        "-",
        ",",
        "#",
        "L",
        "W",
        "LW",
        " ",
        "  ",
        "\t",
        "MON",
        "feb",
        "Ü",
        "→",
        "@daily",
        "@",
        "Z",
        "T",
        ":",
        "+",
        "2026",
        "02",
        "29",
        "\u{0}",
        "=",
        "TZ=",
        "0 0",
        "* *",
    ];
    let mut good = 0;
    for round in 0..20_000 {
        let text: String = (0..rng.usize(..12)).map(|_| pick(&mut rng, &parts)).collect();
        // All zones are compared with a name that is none, which takes its time.
        let zone = (round % 200 == 0).then(|| Zone::named(&text).map(drop));
        for outcome in [Cron::parse(&text).map(drop), Moment::parse(&text).map(drop)].into_iter().chain(zone)
        {
            match outcome {
                Ok(()) => good += 1,
                Err(error) => {
                    assert!(!error.mistakes().is_empty(), "{text:?}");
                    for mistake in error.mistakes() {
                        let found = text.get(mistake.range()).unwrap_or_default();
                        assert_eq!(found, mistake.text(), "{text:?}: {mistake}");
                    }
                }
            }
        }
    }
    assert!(good > 50, "{good}");
}
