//! The example as a whole, on a clock that jumps from tick to tick.

use std::{fs, path::Path, time::Duration};

use jiff::civil::date;
use orch::{
    RunState, Serve,
    store::{Fate, Happening, Page, Run, RunFilter, Ticks, Trigger},
    testing::{self, TestBuilder, TestRuntime},
};

use super::*;
use crate::args::Days;

const DAY: Duration = Duration::from_secs(86_400);

/// A week before the first of the quick days.
const WEEK: Days = Days { first: date(2024, 3, 1), last: date(2024, 3, 7) };

fn args(demo: bool, days: Option<usize>, backfill: Option<Days>) -> Args {
    Args { demo, days, backfill, dir: "unused".into() }
}

/// A process: its runtime and its pages, which lie where those of the process before it lie.
struct Process {
    runtime: TestRuntime,
    pages: Pages,
    screen: Screen,
}

impl Process {
    fn start(builder: TestBuilder, dir: &Path) -> Self {
        let (pages, screen) = (Pages::new(dir.to_owned()).unwrap(), Screen::new(io::sink()));
        let runtime = builder.provide(pages.clone()).provide(screen.clone()).build();
        Self { runtime, pages, screen }
    }

    fn new(dir: &Path) -> Self {
        Self::start(testing::builder(), dir)
    }

    /// The next one, so much time after the clock of each began.
    fn next(&self, dir: &Path, later: Duration) -> Self {
        let next = Self::start(self.runtime.fork(self.runtime.store().operations()), dir);
        next.runtime.advance(later);
        next
    }

    async fn serving(&self, args: &Args) -> Serve {
        serving(&self.runtime, args, &self.pages, &self.screen).await.unwrap().lines(|_| {})
    }

    async fn serve(&self, args: &Args) {
        assert_eq!(self.serving(args).await.await.unwrap().left(), 0);
    }

    /// The runs of a flow, the oldest first.
    async fn runs(&self, tag: &str) -> Vec<Run> {
        let filter = RunFilter { tag: Some(tag.into()), ..RunFilter::default() };
        let mut runs = self.runtime.runs(filter, Page::all()).await.unwrap();
        runs.reverse();
        assert!(runs.iter().all(|run| run.state == RunState::Completed), "{runs:#?}");
        runs
    }

    /// How often pages were written.
    async fn written(&self) -> usize {
        let mut written = 0;
        for run in self.runs("report").await {
            let tasks = self.runtime.task_runs(run.id, Page::all()).await.unwrap();
            written += tasks.iter().filter(|task| task.name.ends_with("::write_page")).count();
        }
        written
    }
}

/// The days that have a page.
fn days(dir: &Path) -> Vec<String> {
    let name = |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
    let mut days: Vec<_> = fs::read_dir(dir).unwrap().map(name).collect();
    days.sort();
    days.iter().map(|name| name.strip_suffix(".html").unwrap().to_owned()).collect()
}

fn page(dir: &Path, day: &str) -> String {
    fs::read_to_string(dir.join(format!("{day}.html"))).unwrap()
}

/// The figures of the pages were added up from the file by other means.
#[tokio::test]
async fn three_days_make_three_pages() {
    let dir = tempfile::tempdir().unwrap();
    let process = Process::new(dir.path());
    process.serve(&args(true, Some(3), None)).await;
    assert_eq!(days(dir.path()), ["2024-03-08", "2024-03-09", "2024-03-10"]);
    for (day, told) in [
        ("2024-03-08", "944 flights over 954,262 miles; seven-day mean 931.0 flights."),
        ("2024-03-09", "754 flights over 799,019 miles; seven-day mean 929.0 flights."),
        ("2024-03-10", "910 flights over 933,406 miles; seven-day mean 931.3 flights."),
    ] {
        let page = page(dir.path(), day);
        assert!(page.contains(told), "{page}");
        let columns = page.matches("class=\"day\"").count();
        assert_eq!((columns, page.matches("<svg ").count()), (27, 2), "four weeks, and the airlines");
    }
    let first = page(dir.path(), "2024-03-08");
    assert!(first.contains("<tr><td>United Air Lines Inc.</td><td>167</td><td>17.7 %</td>"), "{first}");
    assert!(
        first.contains("<tr><td>all</td><td>944</td><td>100.0 %</td><td>931.0</td><td>954,262</td></tr>")
    );
    let runs = process.runs("daily").await;
    assert!(runs.len() == 3 && runs.iter().all(|run| run.trigger == Trigger::Schedule), "{runs:#?}");
}

#[tokio::test]
async fn mornings_that_nobody_was_there_for_are_caught_up() {
    let dir = tempfile::tempdir().unwrap();
    let first = Process::new(dir.path());
    // The virtual clock begins on the evening before the new year, in New York.
    first.serve(&args(false, Some(1), None)).await;
    assert_eq!(days(dir.path()), ["2025-12-31"]);
    let page = page(dir.path(), "2025-12-31");
    assert!(page.contains("990 flights over 1,019,317 miles; seven-day mean 934.4 flights."), "{page}");

    let second = first.next(dir.path(), DAY * 4);
    second.serve(&args(false, Some(1), None)).await;
    assert_eq!(days(dir.path()), ["2025-12-31", "2026-01-01", "2026-01-02", "2026-01-03", "2026-01-04"]);
    let history = second.runtime.schedules().history("mornings", Page::all()).await.unwrap();
    let fates: Vec<_> = history
        .iter()
        .filter_map(|entry| match &entry.what {
            Happening::Ticks(Ticks { count: 1, fate: Fate::Fired(_), .. }) => Some("on time"),
            Happening::Ticks(Ticks { count: 1, fate: Fate::CaughtUp(_), .. }) => Some("caught up"),
            Happening::Ticks(_) => Some("otherwise"),
            _ => None,
        })
        .collect();
    assert_eq!(fates, ["on time", "caught up", "caught up", "caught up", "on time"]);
    assert_eq!(second.written().await, 5);
}

#[tokio::test]
async fn a_week_is_filled_in_once_however_often_it_is_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let week: Vec<_> = (1..=7).map(|day| format!("2024-03-0{day}")).collect();
    let first = Process::new(dir.path());
    // Twice at the same time, and then once more by the next process.
    drop(first.serving(&args(true, None, Some(WEEK))).await);
    first.serve(&args(true, None, Some(WEEK))).await;
    let made = days(dir.path());
    assert_eq!(made[..7], week);
    let page = page(dir.path(), "2024-03-01");
    assert!(page.contains("970 flights over 977,964 miles; seven-day mean 919.9 flights."), "{page}");
    let reports = first.runs("report").await;
    assert_eq!(
        (reports.len(), first.written().await),
        (made.len(), made.len()),
        "one run and one page a day"
    );

    let second = first.next(dir.path(), Duration::from_secs(60));
    second.serve(&args(true, None, Some(WEEK))).await;
    let again = second.runs("report").await;
    let of_week = |runs: &[Run]| {
        let mut of_week: Vec<_> = runs.iter().map(|run| (run.given_id.clone().unwrap(), run.id)).collect();
        of_week.retain(|(day, _)| week.contains(day));
        of_week.sort();
        of_week
    };
    assert_eq!(of_week(&again), of_week(&reports), "nothing was made again");
    assert_eq!(second.written().await, again.len());
    let filled =
        second.runs("daily").await.into_iter().filter(|run| run.trigger == Trigger::Backfill).count();
    assert_eq!(filled, 7, "the week was asked for three times, and is one backfill");
}

#[tokio::test]
async fn nobody_but_a_schedule_starts_the_daily_report() {
    let dir = tempfile::tempdir().unwrap();
    let process = Process::new(dir.path());
    let error = daily(Calendar::Mornings).on(&process.runtime).await.unwrap_err();
    assert!(error.to_string().contains("only a schedule starts this"), "{error}");
    let made = report("2024-03-08".into()).on(&process.runtime).await.unwrap();
    assert_eq!((made.flights, made.airlines.len(), made.days.len()), (944, 15, 28));
}

#[test]
fn the_command_line() {
    let parsed = |line: &str| args::parse(lexopt::Parser::from_args(line.split_whitespace()));
    let Ok(Command::Run(args)) = parsed("--demo --days 3 --backfill 2024-03-01..2024-03-07") else {
        panic!()
    };
    assert_eq!((args.demo, args.days, args.backfill), (true, Some(3), Some(WEEK)));
    let Ok(Command::Run(args)) = parsed("--dir here") else { panic!() };
    assert_eq!((args.demo, args.days, args.backfill, args.dir.to_str()), (false, None, None, Some("here")));
    assert_eq!(parsed("--help --demo").unwrap(), Command::Help);
    for line in ["--days many", "--backfill 2024-03-01", "--backfill 2024-03-07..2024-03-01", "--dya x"] {
        assert!(parsed(line).is_err(), "{line}");
    }
}
