//! Each mistake names its field, points at its text, and says what to write.

use std::time::Duration;

use expect_test::expect;
use orch_schedule::{Cron, Field, Moment, Rule};

#[test]
fn fields_and_places() {
    use Field::{DayOfMonth, DayOfWeek, Expression, Hour, Minute, Month, Second};
    for (text, field, wrong) in [
        ("61 * * * *", Minute, "61"),
        ("0 0-24 * * *", Hour, "0-24"),
        ("0 0 0 * *", DayOfMonth, "0"),
        ("0 0 1,32 * *", DayOfMonth, "32"),
        ("0 0 * 13 *", Month, "13"),
        ("0 0 * * 8", DayOfWeek, "8"),
        ("60 0 0 * * *", Second, "60"),
        ("0 */25 * * *", Hour, "*/25"),
        ("0 0 * * L", DayOfWeek, "L"),
        ("0 0 * L *", Month, "L"),
        ("0 0 30 2 *", DayOfMonth, "30"),
        ("0 0 31W 2 ?", DayOfMonth, "31W"),
        ("  0 9 * *  ", Expression, "0 9 * *"),
        ("0 0 9 * * MON 2026", Expression, "2026"),
        (" @dayly ", Expression, "@dayly"),
        ("0-5-9 * * * *", Minute, "0-5-9"),
        ("0 0 29W,30 2 *", DayOfMonth, ""),
    ] {
        let outcome = Cron::parse(text);
        if wrong.is_empty() {
            assert!(outcome.is_ok(), "{text}");
            continue;
        }
        let error = outcome.unwrap_err();
        let first = &error.mistakes()[0];
        assert_eq!((first.field(), first.text()), (field, wrong), "{text}: {error}");
        assert_eq!(&text[first.range()], wrong, "{text}");
    }
}

#[test]
fn all_mistakes_are_told_at_once() {
    let error = Rule::cron("61 9-5 * * *").zone("Berlni").build().unwrap_err();
    expect![[r#""61 9-5 * * *" with "Berlni" is no rule for a schedule: minute 61: 0–59; write a number from 0 to 59; hour 9-5: a range starts with its smaller end; write `9-23,0-5`; there is no time zone `Berlni`; write a name of the IANA database: `Europe/Berlin`, `America/New_York`, `UTC`"#]].assert_eq(&error.to_string());
    let error = Rule::at("2026-02-29").and("2026-13-01").and("2026-12-24").build().unwrap_err();
    expect![[r#""2026-02-29" with "2026-13-01" is no rule for a schedule: day 29: February 2026 has 28 days; write for example `2026-12-24 18:00`, or `2026-12-24T18:00:00+01:00`; month 13: 1–12; write for example `2026-12-24 18:00`, or `2026-12-24T18:00:00+01:00`"#]].assert_eq(&error.to_string());
    let error = Rule::every(Duration::ZERO).build().unwrap_err();
    expect![[r#""0ns" is no rule for a schedule: a period is at least a microsecond long; write for example `Duration::from_secs(300)`"#]].assert_eq(&error.to_string());
}

#[test]
fn moments_point_at_what_is_wrong() {
    for (text, wrong) in [
        ("2026-02-30", "30"),
        ("2026-13-01", "13"),
        ("2026-1-01", "1-01"),
        ("2026-12-24 25:00", "25"),
        ("2026-12-24 18:00 Uhr", " Uhr"),
        ("2026-12-24 18:00+01", ""),
        ("1969-12-31", "1969"),
        ("heute", "heute"),
    ] {
        let error = Moment::parse(text).unwrap_err();
        assert_eq!(error.mistakes()[0].text(), wrong, "{text}: {error}");
    }
}

#[test]
fn small_letters_and_spaces_do_not_matter() {
    let same = |a: &str, b: &str| {
        let ticks = |text| Rule::cron(text).build().unwrap().upcoming(1_700_000_000_000_000, 50);
        assert_eq!(ticks(a), ticks(b), "{a} and {b}");
    };
    same("0 9 * jan mon-fri", "  0  9 * JAN\tMON-FRI ");
    same("0 9 lw * ?", "0 9 LW * *");
    same("0 9 * * 5l", "0 9 ? * FRIL");
    same("0 9 * * 0", "0 9 * * 7");
    same("0 9 * * SAT-SUN", "0 9 * * 0,6");
    same("5/20 9 * * *", "5,25,45 9 * * *");
    same("0 0 9 * * *", "0 9 * * *");
    same("@Weekly", "0 0 * * SUN");
}
