//! Rules in words.

use std::time::Duration;

use expect_test::expect;
use orch_schedule::Rule;

#[test]
fn expressions_in_words() {
    let expressions = [
        "* * * * *",
        "*/5 * * * *",
        "*/7 * * * *",
        "5 * * * *",
        "0,30 * * * *",
        "0 9 * * *",
        "0 9,17 * * MON-FRI",
        "30 6 1 * *",
        "0 0 L * *",
        "0 0 L-2,L-1 * *",
        "0 12 15W * ?",
        "0 0 LW 3,6,9,12 *",
        "0 9 * * FRI#2",
        "0 9 * * 5L",
        "0 0 13 * FRI",
        "0 0 */2 * MON",
        "0 0 29 2 *",
        "* * * * * *",
        "*/10 * * * * *",
        "15 0 9 * * *",
        "30 */15 9-17 * * SAT,SUN",
        "0 */6 * * *",
        "15 */6 * * *",
        "0 9-17 1-7,20 JAN-MAR *",
        "@hourly",
        "@yearly",
        "*/20 9-17 * * 1,3,5",
    ];
    let said: Vec<String> = expressions
        .iter()
        .map(|text| format!("{text}: {}\n", Rule::cron(text).build().unwrap().describe()))
        .collect();
    expect![[r#"
        * * * * *: every minute (UTC)
        */5 * * * *: every 5 minutes (UTC)
        */7 * * * *: at minutes 0, 7, 14, 21, 28, 35, 42, 49 and 56 of every hour (UTC)
        5 * * * *: at minute 5 of every hour (UTC)
        0,30 * * * *: every 30 minutes (UTC)
        0 9 * * *: at 09:00 (UTC)
        0 9,17 * * MON-FRI: at 09:00 and 17:00 on Monday to Friday (UTC)
        30 6 1 * *: at 06:30 on day 1 of the month (UTC)
        0 0 L * *: at 00:00 on the last day of the month (UTC)
        0 0 L-2,L-1 * *: at 00:00 on the day before the last and the day 2 days before the last of the month (UTC)
        0 12 15W * ?: at 12:00 on the weekday next to day 15 of the month (UTC)
        0 0 LW 3,6,9,12 *: at 00:00 on the last weekday of the month in March, June, September and December (UTC)
        0 9 * * FRI#2: at 09:00 on the second Friday (UTC)
        0 9 * * 5L: at 09:00 on the last Friday (UTC)
        0 0 13 * FRI: at 00:00 on day 13 of the month or on Friday (UTC)
        0 0 */2 * MON: at 00:00 on days 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29 and 31 of the month if that is Monday (UTC)
        0 0 29 2 *: at 00:00 on day 29 of the month in February (UTC)
        * * * * * *: every second (UTC)
        */10 * * * * *: every 10 seconds (UTC)
        15 0 9 * * *: at 09:00:15 (UTC)
        30 */15 9-17 * * SAT,SUN: at second 30 of minutes 0, 15, 30 and 45 of hours 9 to 17 on Sunday and Saturday (UTC)
        0 */6 * * *: at 00:00, 06:00, 12:00 and 18:00 (UTC)
        15 */6 * * *: at 00:15, 06:15, 12:15 and 18:15 (UTC)
        0 9-17 1-7,20 JAN-MAR *: at minute 0 of hours 9 to 17 on days 1 to 7 and 20 of the month in January to March (UTC)
        @hourly: at minute 0 of every hour (UTC)
        @yearly: at 00:00 on day 1 of the month in January (UTC)
        */20 9-17 * * 1,3,5: every 20 minutes of hours 9 to 17 on Monday, Wednesday and Friday (UTC)
    "#]].assert_eq(&said.concat());
}

#[test]
fn other_rules_in_words() {
    let rules = [
        Rule::cron("0 9 * * *").zone("Europe/Berlin").build(),
        Rule::every(Duration::from_secs(300)).build(),
        Rule::every(Duration::from_millis(90_061_001)).build(),
        Rule::every(Duration::from_secs(3600)).anchor("2026-01-01 06:30").build(),
        Rule::at("2026-12-24 18:00").zone("Europe/Berlin").build(),
        Rule::at("2026-12-24 18:00:05").and("2026-12-31").build(),
        Rule::all_of(&["2026-12-24", "2026-12-25", "2026-12-26"]).build(),
        Rule::all_of(&[]).build(),
    ];
    let said: Vec<String> = rules.into_iter().map(|rule| format!("{}\n", rule.unwrap())).collect();
    expect![[r#"
        at 09:00 (Europe/Berlin)
        every 5m
        every 1d1h1m1s1ms
        every 1h, counted from 2026-01-01 at 06:30 (UTC)
        on 2026-12-24 at 17:00 (UTC)
        on 2026-12-24 at 18:00:05 and 1 more time (UTC)
        on 2026-12-24 at 00:00 and 2 more times (UTC)
        never
    "#]]
    .assert_eq(&said.concat());
}
