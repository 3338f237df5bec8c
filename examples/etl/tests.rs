//! The example as a whole. Processes that die are this test program once more.

use std::{
    collections::{BTreeSet, HashMap},
    env, fs,
    path::Path,
    process::Command as Process,
};

use orch::{store::Page, testing};
use rusqlite::Connection;

use super::*;
use crate::orders::data::PAGES;

const DAY: &str = "2026-11-23";

/// Says to a child process what its command line would be, and where it prints.
const LINE: &str = "ETL_TEST_LINE";
const PAPER: &str = "ETL_TEST_PAPER";

/// Not a test by itself: what a child process does.
#[tokio::test]
async fn child() {
    let Ok(line) = env::var(LINE) else { return };
    let paper = fs::File::create(env::var(PAPER).unwrap()).unwrap();
    let Ok(Command::Run(args)) = args::parse(lexopt::Parser::from_args(line.split(' '))) else {
        panic!("{line}")
    };
    run(args, &Screen::new(paper)).await.unwrap();
}

/// Starts the example in a process of its own. Says whether it came to its end, and what it printed.
fn start(shop: &Shop, dir: &Path, more: &str) -> (bool, Vec<String>) {
    let (line, paper) =
        (format!("--day {DAY} --dir {} --shop {}{more}", dir.display(), shop.url()), dir.join("paper"));
    let mut child = Process::new(env::current_exe().unwrap());
    child.args(["--exact", "tests::child"]).env(LINE, line).env(PAPER, &paper);
    let output = child.output().unwrap();
    let lines: Vec<_> = fs::read_to_string(paper).unwrap().lines().map(str::to_owned).collect();
    assert!(!lines.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    (output.status.success(), lines)
}

/// Every row of a table, as text.
fn table(dir: &Path, sql: &str) -> Vec<String> {
    let database = Connection::open(dir.join("shop.db")).unwrap();
    let mut statement = database.prepare(sql).unwrap();
    let columns = statement.column_count();
    let row = |row: &rusqlite::Row<'_>| {
        let values: Result<Vec<_>, _> =
            (0..columns).map(|at| row.get::<_, rusqlite::types::Value>(at)).collect();
        Ok(format!("{:?}", values?))
    };
    statement.query_map([], row).unwrap().collect::<Result<_, _>>().unwrap()
}

fn tables(dir: &Path) -> [Vec<String>; 3] {
    [
        "SELECT * FROM orders ORDER BY page, line",
        "SELECT * FROM rejects ORDER BY page, line",
        "SELECT day, page FROM chunks ORDER BY page",
    ]
    .map(|sql| table(dir, sql))
}

/// The chunks of which a line begins or ends so.
fn chunks(lines: &[String], end: &str) -> BTreeSet<String> {
    let begins = |line: &&String| line.starts_with("chunk ") && line.contains(end);
    lines.iter().filter(begins).map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" ")).collect()
}

fn totals(lines: &[String]) -> &[String] {
    &lines[lines.iter().position(|line| line.starts_with("customer ")).unwrap()..]
}

#[test]
fn wherever_it_dies_the_next_start_goes_on_and_comes_to_the_same() {
    let undisturbed = tempfile::tempdir().unwrap();
    let (ended, expected) = start(&Shop::open().unwrap(), undisturbed.path(), "");
    assert!(ended, "{expected:#?}");

    for crash_after in [1, 2, 7, PAGES - 1, PAGES] {
        let (shop, dir) = (Shop::open().unwrap(), tempfile::tempdir().unwrap());
        let (ended, first) = start(&shop, dir.path(), &format!(" --crash-after {crash_after}"));
        assert!(!ended, "{first:#?}");
        let loaded = table(dir.path(), "SELECT page FROM chunks");
        assert_eq!(loaded.len(), crash_after as usize, "{first:#?}");

        let (ended, second) = start(&shop, dir.path(), "");
        assert!(ended, "{second:#?}");
        assert_eq!(totals(&second), totals(&expected));
        assert_eq!(tables(dir.path()), tables(undisturbed.path()), "row by row, crash after {crash_after}");

        // Each chunk was recorded before, or was in the database and found its key, or was loaded now.
        assert!(
            second[0].ends_with("has gone on by itself, and is Completed now")
                || second[0].starts_with("chunk ")
        );
        let recorded =
            second.iter().find_map(|line| line.strip_prefix("recorded before, and not repeated: ")).unwrap();
        let recorded: BTreeSet<_> =
            recorded.split(", ").filter(|chunk| !chunk.is_empty()).map(str::to_owned).collect();
        let (found, loaded) = (chunks(&second, " was in the database already"), chunks(&second, " loaded: "));
        assert_eq!(recorded.len() + found.len(), crash_after as usize, "{second:#?}");
        assert_eq!(recorded.len() + found.len() + loaded.len(), PAGES as usize, "{second:#?}");
        assert!(!found.is_empty(), "the chunk in which it died was in the database, and not in the journal");
        let all: BTreeSet<_> = recorded.union(&found).chain(&loaded).cloned().collect();
        assert_eq!(all, (0..PAGES).map(history::chunk).collect());

        // A third start finds everything done: it asks for nothing and loads nothing.
        let asked = shop.requests();
        let (ended, third) = start(&shop, dir.path(), "");
        assert!(
            ended && third[0].ends_with(" of 2026-11-23 was Completed before: nothing is repeated"),
            "{third:#?}"
        );
        assert_eq!(third[1..], totals(&expected)[..]);
        assert_eq!(shop.requests(), asked);
    }
}

/// Loads a day in this process, from this shop.
async fn load_day(runtime: &Runtime) -> Result<Report, Error> {
    runtime.scope(async { etl(DAY.into()).await }).await
}

fn runtime(url: String, dir: &Path) -> testing::TestRuntime {
    let database = Database::open(&dir.join("shop.db")).unwrap();
    let screen = Screen::new(io::sink());
    let builder = testing::builder().provide(Source::new(url)).provide(database);
    builder.provide(CrashAfter(None)).provide(screen).build()
}

#[tokio::test]
async fn broken_rows_stop_nothing_and_are_counted() {
    let (shop, dir) = (Shop::open().unwrap(), tempfile::tempdir().unwrap());
    let report = load_day(&runtime(shop.url(), dir.path())).await.unwrap();
    report.assert_is_of(DAY);
}

#[tokio::test]
async fn a_server_that_is_busy_twice_is_asked_three_times() {
    let (shop, dir) = (Shop::open().unwrap(), tempfile::tempdir().unwrap());
    let runtime = runtime(shop.url(), dir.path());
    load_day(&runtime).await.unwrap();
    let path = |page: u32| format!("/orders/{DAY}/{page}");
    let mut expected: HashMap<_, _> = (0..PAGES).map(|page| (path(page), 1)).collect();
    expected.extend([(path(3), 3), (path(11), 3), (format!("/orders/{DAY}"), 1)]);
    assert_eq!(shop.requests(), expected);

    let run = runtime.last_run().await.unwrap().unwrap();
    let fetches = runtime.task_runs(run, Page::all()).await.unwrap();
    let thrice = fetches.iter().filter(|fetch| fetch.name.ends_with("::fetch") && fetch.attempt == 3);
    assert_eq!(thrice.count(), 2);
}

#[tokio::test]
async fn a_server_without_orders_is_asked_once() {
    let (shop, dir) = (Shop::open().unwrap(), tempfile::tempdir().unwrap());
    let error = load_day(&runtime(shop.url() + "/elsewhere", dir.path())).await.unwrap_err().to_string();
    assert!(error.contains("fetch` failed in attempt 1") && error.contains("404"), "{error}");
    assert_eq!(shop.requests().into_values().collect::<Vec<_>>(), [1]);
}

#[test]
fn the_command_line() {
    let parsed = |line: &str| args::parse(lexopt::Parser::from_args(line.split_whitespace()));
    let Ok(Command::Run(args)) = parsed("--dir here --crash-after 3") else { panic!() };
    assert_eq!((args.day.as_str(), args.dir.to_str(), args.crash_after), (DAY, Some("here"), Some(3)));
    assert_eq!(parsed("--demo").unwrap(), Command::Demo);
    assert_eq!(parsed("--help --demo").unwrap(), Command::Help);
    for line in ["--crash-after often", "--dya x", "--day"] {
        assert!(parsed(line).is_err(), "{line}");
    }
}
