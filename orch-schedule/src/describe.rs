//! Rules in words.

use std::time::Duration;

use crate::{
    Rule,
    calendar::{DAY, date},
};

/// `at 09:00 on Monday to Friday (Europe/Berlin)`, `every 5m`, `on 2026-12-24 at 17:00 (UTC)`.
pub(crate) fn describe(rule: &Rule) -> String {
    match rule {
        Rule::Cron { expression, zone, .. } => format!("{} ({zone})", expression.in_words()),
        Rule::Every { period, anchor: 0 } => format!("every {}", shown_period(*period)),
        Rule::Every { period, anchor } => {
            format!("every {}, counted from {} (UTC)", shown_period(*period), shown_moment(*anchor))
        }
        Rule::At(moments) => match moments.as_slice() {
            [] => "never".to_owned(),
            [only] => format!("on {} (UTC)", shown_moment(*only)),
            [first, rest @ ..] => {
                let times = if rest.len() == 1 { "time" } else { "times" };
                format!("on {} and {} more {times} (UTC)", shown_moment(*first), rest.len())
            }
        },
    }
}

/// `1h30m`, in the units that attributes take.
fn shown_period(period: Duration) -> String {
    const UNITS: [(&str, u128); 6] = [
        ("d", 86_400_000_000),
        ("h", 3_600_000_000),
        ("m", 60_000_000),
        ("s", 1_000_000),
        ("ms", 1_000),
        ("µs", 1),
    ];
    let mut rest = period.as_micros();
    let mut shown = String::new();
    for (unit, micros) in UNITS {
        if rest >= micros {
            shown.push_str(&format!("{}{unit}", rest / micros));
            rest %= micros;
        }
    }
    shown
}

/// `2026-12-24 at 17:00`, with seconds and parts of them where they are not zero.
fn shown_moment(micros: i64) -> String {
    let (seconds, part) = (micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000));
    let (year, month, day) = date(seconds.div_euclid(DAY));
    let of_day = seconds.rem_euclid(DAY);
    let mut shown = format!("{year:04}-{month:02}-{day:02} at {:02}:{:02}", of_day / 3600, of_day / 60 % 60);
    if of_day % 60 != 0 || part != 0 {
        shown.push_str(&format!(":{:02}", of_day % 60));
    }
    if part != 0 {
        let digits = format!("{part:06}");
        shown.push_str(&format!(".{}", digits.trim_end_matches('0')));
    }
    shown
}
