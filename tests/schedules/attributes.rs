//! Schedules that attributes name. They are due far from what the other tests here serve.

use orch::{
    prelude::*,
    schedule::Source,
    store::{Happening, Page},
};

use crate::{HOUR, Log, managed::serve_once, runs_of, runtime, serve_for, serve_lines};

#[flow(
    schedule(name = "midsummer", at = "2026-06-21 12:00", with(who = "sun")),
    schedule(name = "parties", cron = "0 20 31 12 *", with(who = "moon"), catch_up = all)
)]
async fn celebrates(who: String, #[provided] log: &Log) {
    log.note(&who);
}

#[tokio::test]
async fn they_are_stored_once_and_served() {
    let log = Log::default();
    let first = runtime(&log);
    let (_, lines) = serve_lines(&first, 1.0).await;
    assert!(
        lines.iter().any(|line| line.contains("celebrates/midsummer") && line.ends_with("new")),
        "{lines:#?}"
    );
    let second = first.fork(first.store().operations()).provide(log.clone()).build();
    let (_, lines) = serve_lines(&second, 24.0 * 180.0).await;
    assert!(!lines.iter().any(|line| line.contains("celebrates") && line.ends_with("new")), "{lines:#?}");
    assert_eq!((log.of("sun").len(), log.of("moon").len()), (1, 0));
    let parties = second.schedules().get("parties").await.unwrap();
    assert_eq!(
        (parties.source(), parties.policy().catch_up),
        (Source::Attribute, orch::schedule::CatchUp::All)
    );
    assert_eq!(runs_of(&second, "::celebrates").await.len(), 1);
}

#[tokio::test]
async fn what_the_attribute_says_takes_the_place_of_what_is_stored() {
    let log = Log::default();
    let first = runtime(&log);
    serve_for(&first, 0.1).await;
    let second = first.fork(first.store().operations()).provide(log.clone()).build();
    // As a version of the program before this one had it.
    second.schedules().change("parties").every(HOUR).apply().await.unwrap();
    serve_for(&second, 0.1).await;
    let history = second.schedules().history("parties", Page::all()).await.unwrap();
    let last = &history.last().unwrap().what;
    let Happening::Changed { from, to } = last else { panic!("{last:?}") };
    assert!(from.contains("every 1h") && to.contains("20:00"), "{from} {to}");
}

#[tokio::test]
async fn what_the_attribute_names_no_more_is_removed() {
    let log = Log::default();
    let runtime = runtime(&log);
    celebrates("x".into()).on(&runtime).schedule("own").every(HOUR).create().await.unwrap();
    serve_once(&runtime, 0.5).await;
    // As a version of the program before this one had it.
    let flow = runtime.schedules().get("own").await.unwrap().flow().to_owned();
    crate::crashes::store_again(&runtime, "parties", Some(&format!("schedule/{flow}/old")), &flow).await;
    assert!(runtime.schedules().get("celebrates/old").await.is_ok());
    serve_for(&runtime, 2.2).await;
    let schedules = runtime.schedules();
    assert!(schedules.get("celebrates/old").await.is_err());
    assert!(schedules.get("own").await.is_ok() && schedules.get("parties").await.is_ok());
    assert!(log.of("x").len() >= 2, "the own one goes on: {:?}", log.of("x"));
}
