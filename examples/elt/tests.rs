//! The example as a whole.

use std::{
    path::Path,
    sync::{Arc, Mutex},
};

use orch::testing;

use super::*;

const DAY: &str = "2026-11-23";

fn runtime(shop: &Shop, dir: &Path) -> testing::TestRuntime {
    let database = Database::open(&dir.join("shop.db")).unwrap();
    let builder = testing::builder().provide(Source::new(shop.url())).provide(database);
    builder.provide(Screen::new(io::sink())).build()
}

#[tokio::test]
async fn what_sql_makes_of_the_rows_is_what_they_mean() {
    let (shop, dir) = (Shop::open().unwrap(), tempfile::tempdir().unwrap());
    let runtime = runtime(&shop, dir.path());
    let report = runtime.scope(async { elt(DAY.into(), 5).await }).await.unwrap();
    report.assert_is_of(DAY);

    // Again, and another day beside it: everything is replaced, nothing is there twice.
    let again = runtime.scope(async { elt(DAY.into(), 5).await }).await.unwrap();
    let other = runtime.scope(async { elt("2026-11-24".into(), 5).await }).await.unwrap();
    let third = runtime.scope(async { elt(DAY.into(), 5).await }).await.unwrap();
    assert_eq!((&again, &third), (&report, &report));
    assert_ne!(other, report);
}

#[tokio::test]
async fn a_broken_rule_fails_the_run_and_says_which() {
    let (shop, dir) = (Shop::open().unwrap(), tempfile::tempdir().unwrap());
    let runtime = runtime(&shop, dir.path());
    let error = runtime.scope(async { elt(DAY.into(), 1).await }).await.unwrap_err().to_string();
    assert!(error.contains("check` failed"), "{error}");
    assert!(error.contains("breaks the rule \"few rows are rejected\""), "{error}");
    assert!(error.ends_with("of 5000 rows, and 1 % are allowed"), "{error}");
}

/// What was printed.
#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Vec<u8>>>);

impl io::Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_table_is_made_after_those_that_it_is_made_of() {
    let (paper, dir) = (Paper::default(), tempfile::tempdir().unwrap());
    let args = Args { day: DAY.into(), dir: dir.path().to_owned(), max_rejects: 5 };
    run(args, &Screen::new(paper.clone())).await.unwrap();
    let printed = String::from_utf8(paper.0.lock().unwrap().clone()).unwrap();
    let mut tables: Vec<_> =
        printed.lines().filter_map(|line| line.split_once(": ")).map(|(table, _)| table).collect();
    assert_eq!(tables.pop(), Some("rejected"));
    // Of the last two, neither waits for the other.
    tables[2..].sort_unstable();
    assert_eq!(tables, ["checked", "ranked", "orders", "rejects"]);
}

#[tokio::test]
async fn a_second_start_is_another_run_with_the_same_end() {
    let dir = tempfile::tempdir().unwrap();
    let args = || Args { day: DAY.into(), dir: dir.path().to_owned(), max_rejects: 5 };
    let first = run(args(), &Screen::new(io::sink())).await.unwrap();
    assert_eq!(run(args(), &Screen::new(io::sink())).await.unwrap(), first);
}

#[test]
fn the_command_line() {
    let parsed = |line: &str| parse(lexopt::Parser::from_args(line.split_whitespace()));
    let args = parsed("--max-rejects 2 --day monday").unwrap().unwrap();
    assert_eq!((args.day.as_str(), args.max_rejects, args.dir.to_str()), ("monday", 2, Some(".orch-elt")));
    assert!(parsed("--help").unwrap().is_none());
    assert!(parsed("--max-rejects few").is_err() && parsed("orders").is_err());
}
