//! The example as a whole. Processes that die are this test program once more.

use std::{collections::BTreeSet, env, path::Path, process::Command as Process};

use orch::{
    RunId, TaskState,
    store::Page,
    testing::{self, TestBuilder, TestRuntime},
};

use super::*;
use crate::train::{Confusion, Forest};

/// Says to a child process what its command line would be, and where it prints.
const LINE: &str = "ML_TEST_LINE";
const PAPER: &str = "ML_TEST_PAPER";

/// Not a test by itself: what a child process does.
#[tokio::test]
async fn child() {
    let Ok(line) = env::var(LINE) else { return };
    let paper = fs::File::create(env::var(PAPER).unwrap()).unwrap();
    run(parsed(&line), &Screen::new(paper)).await.unwrap();
}

fn parsed(line: &str) -> Args {
    match args::parse(lexopt::Parser::from_args(line.split_whitespace())) {
        Ok(Command::Run(args)) => args,
        other => panic!("{line}: {other:?}"),
    }
}

/// Starts the example in a process of its own. Says whether it came to its end, and what it printed.
fn start(dir: &Path, more: &str) -> (bool, Vec<String>) {
    let (line, paper) = (format!("--dir {} {more}", dir.display()), dir.join("paper"));
    let mut child = Process::new(env::current_exe().unwrap());
    child.args(["--exact", "tests::child"]).env(LINE, line).env(PAPER, &paper);
    let output = child.output().unwrap();
    let lines = fs::read_to_string(paper).unwrap().lines().map(str::to_owned).collect();
    (output.status.success(), lines)
}

/// How many were trained, how many there are, and how many were remembered.
fn counts(lines: &[String]) -> (usize, usize, usize) {
    let line = lines.iter().find_map(|line| line.strip_prefix("trained: "));
    let line = line.unwrap_or_else(|| panic!("{lines:#?}"));
    let numbers: Vec<_> =
        line.split(|at: char| !at.is_ascii_digit()).filter_map(|number| number.parse().ok()).collect();
    (numbers[0], numbers[1], numbers[2])
}

/// What is printed of a report.
fn told(lines: &[String]) -> &[String] {
    &lines[lines.iter().position(|line| line.starts_with("depth")).unwrap()..]
}

/// The whole program, in this process.
async fn search_in(dir: &Path, more: &str) -> (Vec<String>, Report) {
    let paper = dir.join("paper");
    let args = parsed(&format!("--dir {} {more}", dir.display()));
    let report = run(args, &Screen::new(fs::File::create(&paper).unwrap())).await.unwrap();
    (fs::read_to_string(paper).unwrap().lines().map(str::to_owned).collect(), report)
}

#[tokio::test]
async fn the_best_forest_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let (lines, report) = search_in(dir.path(), "").await;
    assert_eq!(counts(&lines), (100, 100, 0));

    assert_eq!(report.best.forest, Forest { trees: 4, depth: 3 });
    assert_eq!((report.best.right(), report.scores.len()), (144, 20));
    assert_eq!(report.best.confusion(), Confusion([[50, 0, 0], [0, 48, 2], [0, 4, 46]]));
    for line in [
        "    2   0.587 ± 0.086   0.587 ± 0.086   0.593 ± 0.083   0.593 ± 0.083",
        "    3   0.887 ± 0.100  *0.960 ± 0.025   0.933 ± 0.047   0.947 ± 0.050",
        "best: 4 trees of depth 3, accuracy 0.960 ± 0.025",
        "144 of 150 flowers told right; of these, told as those:",
        "versicolor           0          48           2",
    ] {
        assert!(lines.iter().any(|other| other == line), "{line}\n{lines:#?}");
    }

    let svg = fs::read_to_string(dir.path().join("grid.svg")).unwrap();
    assert_eq!(svg.matches(" ± ").count(), 20, "each setting has its cell");
    assert_eq!(svg.matches("orange").count(), 1, "one of them is the best");
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
}

#[tokio::test]
async fn a_second_start_trains_what_is_new() {
    let dir = tempfile::tempdir().unwrap();
    let (first, _) = search_in(dir.path(), "").await;
    fs::remove_file(dir.path().join("grid.svg")).unwrap();

    let (second, _) = search_in(dir.path(), "").await;
    assert_eq!(counts(&second), (0, 100, 100));
    assert_eq!(told(&second), told(&first));
    assert!(dir.path().join("grid.svg").exists(), "what is no result is made again");

    // Five depths, five folds, and one number of trees that nobody has tried.
    let (wider, _) = search_in(dir.path(), "--trees 2,16,64").await;
    assert_eq!(counts(&wider), (25, 75, 50));

    // Another seed makes other folds and other forests.
    let (other, _) = search_in(dir.path(), "--seed 7").await;
    assert_eq!(counts(&other), (100, 100, 0));

    let (fresh, _) = search_in(dir.path(), "--fresh").await;
    assert_eq!(counts(&fresh), (100, 100, 0));
    assert_eq!(told(&fresh), told(&first));
}

/// How many trainings the one interrupted search has recorded.
async fn recorded_on_disk(dir: &Path) -> usize {
    let runtime = Runtime::builder().path(dir.join("journal")).recover(false).build().unwrap();
    let interrupted = runtime.interrupted().await.unwrap();
    assert_eq!(interrupted.len(), 1);
    let recorded = recorded(&runtime, interrupted[0].id).await;
    runtime.close().await.unwrap();
    recorded.len()
}

#[tokio::test]
async fn a_killed_search_goes_on() {
    for fresh in ["", "--fresh"] {
        let dir = tempfile::tempdir().unwrap();
        if !fresh.is_empty() {
            // A fresh search takes nothing of this, neither at first nor when it goes on.
            assert!(start(dir.path(), "").0);
        }
        let (ended, _) = start(dir.path(), &format!("--crash-after 40 {fresh}"));
        assert!(!ended);
        let recorded = recorded_on_disk(dir.path()).await;
        assert!(recorded < 40, "the one in which it died is not recorded");

        // Another search is not the one that was interrupted.
        let (ended, other) = start(dir.path(), "--seed 7 --trees 1");
        assert!(ended && counts(&other) == (25, 25, 0), "{other:#?}");

        let (ended, second) = start(dir.path(), fresh);
        assert!(ended && second[0].ends_with(" was interrupted, and goes on"), "{second:#?}");
        assert_eq!(counts(&second), (100 - recorded, 100, recorded));

        // It has ended, so the same is a search of its own again.
        let (ended, third) = start(dir.path(), fresh);
        assert!(ended && third[0].starts_with("trained: "), "{third:#?}");
        assert_eq!(told(&third), told(&second));
    }
}

/// A grid that is quick to search, for a test that searches often.
fn small() -> Grid {
    Grid { trees: vec![1, 2], depths: vec![3, 4] }
}

fn runtime(builder: TestBuilder, dir: &Path) -> (TestRuntime, Arc<Trained>) {
    let trained = Arc::new(Trained::new(None));
    let builder = builder.provide(PlotFile(dir.join("grid.svg"))).provide_arc(trained.clone());
    (builder.build(), trained)
}

/// The trainings that are recorded as ended, by their names.
async fn recorded(runtime: &Runtime, run: RunId) -> BTreeSet<String> {
    let tasks = runtime.task_runs(run, Page::all()).await.unwrap();
    let ended = |state| matches!(state, TaskState::Completed | TaskState::Cached);
    tasks.into_iter().filter(|task| ended(task.state)).filter_map(|task| task.label).collect()
}

#[tokio::test]
async fn after_every_cut_the_rest_alone_is_trained() {
    let dir = tempfile::tempdir().unwrap();
    for fresh in [false, true] {
        let (first, trained) = runtime(testing::builder(), dir.path());
        let report = first.scope(async { search(small(), 7, fresh).await }).await.unwrap();
        assert_eq!(trained.names().len(), 20);
        let run = first.last_run().await.unwrap().unwrap();
        let all = recorded(&first, run).await;
        assert_eq!(all.len(), 20);

        let mut left = BTreeSet::new();
        for cut in 1..first.store().operations() {
            let (fork, trained) = runtime(first.fork(cut), dir.path());
            if fork.interrupted().await.unwrap().is_empty() {
                continue;
            }
            let before = recorded(&fork, run).await;
            let resumed: Report = fork.resume(run).await.unwrap();
            assert_eq!(resumed, report, "cut {cut}");
            let expected: Vec<_> = all.difference(&before).cloned().collect();
            let mut names = trained.names().clone();
            names.sort();
            assert_eq!(names, expected, "cut {cut}");
            left.insert(expected.len());
        }
        assert!(
            left.contains(&0) && left.contains(&20) && left.len() > 2,
            "cut before, amid and after: {left:?}"
        );
    }
}

#[test]
fn each_flower_is_asked_about_once() {
    let folds = flowers::folds(FOLDS, 7);
    let key = |flowers: &flowers::Flowers| {
        let of = |(measures, species): (&Vec<f32>, &u32)| format!("{measures:?} {species}");
        flowers.measures.iter().zip(&flowers.species).map(of).collect::<Vec<_>>()
    };
    let mut asked: Vec<_> = folds.iter().flat_map(|fold| key(&fold.asked)).collect();
    let mut both = [key(&folds[0].learned), key(&folds[0].asked)].concat();
    asked.sort();
    both.sort();
    assert_eq!((asked.len(), &asked), (150, &both), "every flower, and none twice");
    assert!(folds.iter().all(|fold| fold.learned.species.len() == 120));
    assert_eq!(folds, flowers::folds(FOLDS, 7));
    assert_ne!(folds, flowers::folds(FOLDS, 8));
}

#[test]
fn the_command_line() {
    let args = parsed("--trees 64,4,4,1 --fresh --seed 3 --crash-after 9 --dir here");
    assert_eq!(args.grid, Grid { trees: vec![1, 4, 64], depths: vec![2, 3, 4, 5, 6] });
    assert_eq!(
        (args.fresh, args.seed, args.crash_after, args.dir.to_str()),
        (true, 3, Some(9), Some("here"))
    );
    let parse = |line: &str| args::parse(lexopt::Parser::from_args(line.split_whitespace()));
    assert_eq!(parse("--help").unwrap(), Command::Help);
    for line in ["--trees 0", "--trees 1,,2", "--depths deep", "--depths 70000", "--fersh", "--seed"] {
        assert!(parse(line).is_err(), "{line}");
    }
    let error = parse("--depths 3,0").unwrap_err().to_string();
    assert!(error.contains("`0` is no whole number from 1 to 65535"), "{error}");
}
