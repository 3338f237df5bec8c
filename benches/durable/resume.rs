//! Long runs that are interrupted just before their end, and resumed: how fast recorded task runs go by, and how
//! much memory that takes. Each run is filled by one process and resumed by another.

use std::{
    env,
    fmt::Write,
    fs,
    path::{Path, PathBuf},
    process::Command,
    str::FromStr,
    sync::atomic::{AtomicBool, Ordering},
    time::Instant,
};

use orch::{Runtime, flow, store::SyncMode, task};
use tokio::sync::Notify;

use super::{
    Result, executor,
    harness::{Scratch, directory},
    ours::{close, no_op},
};

const LEAST: f64 = 200_000.0;
const GROWTH: f64 = 1.15;

const CALLS: Option<u64> = Some(1_000);

/// How the task runs of a run lie in scopes.
#[derive(Clone, Copy)]
struct Shape {
    name: &'static str,
    what: &'static str,
    /// Calls of each scope, where that does not grow with the run; so the scopes in work take the same memory in a
    /// short run as in a long one.
    calls: Option<u64>,
    /// The scope in work holds everything, so memory has to grow.
    grows: bool,
}

const SHAPES: &[Shape] = &[
    Shape { name: "map", what: "a map, 4 items at once", calls: CALLS, grows: false },
    Shape { name: "wide", what: "a map, 64 items at once", calls: CALLS, grows: false },
    Shape { name: "branches", what: "branches, one after another", calls: CALLS, grows: false },
    Shape { name: "parents", what: "tasks that call tasks", calls: CALLS, grows: false },
    Shape { name: "tiny", what: "a map whose items call one task", calls: Some(1), grows: true },
    Shape { name: "flat", what: "one body, one task after another", calls: None, grows: true },
];

/// Whether this process is the one that is interrupted.
static FILLS: AtomicBool = AtomicBool::new(false);
static FILLED: Notify = Notify::const_new();

#[task]
async fn calls_tasks(first: u64, tasks: u64) -> Result<u64, orch::Error> {
    one_by_one(first, tasks).await
}

async fn one_by_one(first: u64, tasks: u64) -> Result<u64, orch::Error> {
    let mut sum = 0;
    for n in first..first + tasks {
        sum += no_op(n).await?;
    }
    Ok(sum)
}

async fn mapped(scopes: u64, tasks: u64, at_once: usize) -> Result<u64, orch::Error> {
    let item = |n| one_by_one(n * tasks, tasks);
    Ok(orch::try_map(0..scopes, item).concurrency(at_once).await?.into_iter().sum())
}

/// So many task runs in all.
#[flow(resume = "manual")]
async fn long_run(shape: String, tasks: u64) -> Result<u64, orch::Error> {
    let each = SHAPES.iter().find(|known| known.name == shape).and_then(|shape| shape.calls).unwrap_or(tasks);
    let scopes = tasks / each;
    let mut sum = 0;
    match &*shape {
        "map" => sum = mapped(scopes, each, 4).await?,
        "wide" | "tiny" => sum = mapped(scopes, each, 64).await?,
        "branches" => {
            for n in 0..scopes {
                sum += orch::spawn(one_by_one(n * each, each)).await??;
            }
        }
        "parents" => {
            for n in 0..scopes {
                sum += calls_tasks(n * each, each).await?;
            }
        }
        _ => sum = one_by_one(0, tasks).await?,
    }
    if FILLS.load(Ordering::Relaxed) {
        FILLED.notify_one();
        std::future::pending::<()>().await;
    }
    Ok(sum)
}

/// What a process that resumes says of it.
struct Resumed {
    took: f64,
    /// Processor time of the whole process, also where others take the processors.
    busy: f64,
    most: f64,
}

/// Prints what each shape takes at a tenth of its length and at its full one.
pub(super) fn table(quick: bool, only: &str) -> Result<String> {
    let full: u64 = if quick { 20_000 } else { 1_000_000 };
    let _scratch = Scratch::new()?;
    let mut text = String::from(
        "resume of an interrupted run, all its task runs recorded, in a process of its own; scopes of 1,000 calls\n",
    );
    writeln!(
        text,
        "{:<36} {:>9} {:>9} {:>9} {:>9} {:>12} {:>11} {:>9}",
        "", "tasks", "filled", "opened", "tasks/s", "processor", "in memory", "peak"
    )?;
    for shape in SHAPES.iter().filter(|shape| only.is_empty() || shape.name == only) {
        let short = measure(&mut text, *shape, full / 10)?;
        let long = measure(&mut text, *shape, full)?;
        let rate = full as f64 / long.took;
        let growth = long.most / short.most;
        let bytes = (long.most - short.most) * 1e6 / (full - full / 10) as f64;
        let verdict = |met: bool| {
            if quick {
                ""
            } else if met {
                ": met"
            } else {
                ": missed"
            }
        };
        write!(text, "    at least {LEAST:.0} tasks/s{}", verdict(rate >= LEAST))?;
        write!(text, "; {growth:.2} times the memory, {bytes:.0} B/task")?;
        if shape.grows {
            writeln!(text)?;
        } else {
            writeln!(text, ", at most {GROWTH} times{}", verdict(growth <= GROWTH))?;
        }
    }
    Ok(text)
}

fn measure(text: &mut String, shape: Shape, tasks: u64) -> Result<Resumed> {
    let dir = directory()?;
    let start = Instant::now();
    child(&dir, "fill", shape, tasks)?;
    let filled = start.elapsed().as_secs_f64();
    let told = child(&dir, "resume", shape, tasks)?;
    let told: Vec<f64> = told.split_whitespace().filter_map(|word| f64::from_str(word).ok()).collect();
    let [open, opened_in, took, busy, most] = told[..] else {
        return Err("a child did not say what it took".into());
    };
    let resumed = Resumed { took, busy, most };
    writeln!(
        text,
        "{:<36} {tasks:>9} {filled:>7.1} s {:>6.0} ms {:>9.0} {:>7.2} µs/t {opened_in:>8.1} MB {most:>6.1} MB",
        shape.what,
        open * 1e3,
        tasks as f64 / took,
        resumed.busy * 1e6 / tasks as f64,
    )?;
    fs::remove_dir_all(dir)?;
    Ok(resumed)
}

fn child(dir: &Path, part: &str, shape: Shape, tasks: u64) -> Result<String> {
    let argument = format!("--long-run={part}:{}:{tasks}:{}", shape.name, dir.display());
    let mut command = Command::new(env::current_exe()?);
    // glibc keeps what threads have freed for each of them apart, which says nothing about what this program holds.
    let output = command.arg(argument).env("MALLOC_ARENA_MAX", "1").output()?;
    if !output.status.success() {
        return Err(format!("{part} {}: {}", shape.what, String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// The child's part.
pub(super) fn measured_process(arguments: &str) -> Result<String> {
    let mut parts = arguments.splitn(4, ':');
    let mut part = || parts.next().ok_or("an argument is missing");
    let (work, shape, tasks, dir) = (part()?, part()?.to_owned(), part()?.parse()?, PathBuf::from(part()?));
    if work == "fill" {
        executor()?.block_on(fill(&dir, shape, tasks))
    } else {
        executor()?.block_on(resume(&dir, tasks))
    }
}

async fn fill(dir: &Path, shape: String, tasks: u64) -> Result<String> {
    FILLS.store(true, Ordering::Relaxed);
    // Every outcome is durable before the next call begins, so that packs are as small as a disk makes them.
    let runtime = Runtime::builder().path(dir).durability(SyncMode::Process).build()?;
    let mut run = std::pin::pin!(tokio::spawn(long_run(shape, tasks).on(&runtime)));
    tokio::select! {
        ended = &mut run => return Err(format!("the run has ended: {ended:?}").into()),
        () = FILLED.notified() => {}
    }
    // Without an end of the run, of the runtime or of the store.
    std::process::exit(0)
}

async fn resume(dir: &Path, tasks: u64) -> Result<String> {
    let start = Instant::now();
    let runtime = Runtime::builder().path(dir).recover(false).build()?;
    let open = start.elapsed().as_secs_f64();
    let opened_in = peak()?;
    let runs = runtime.interrupted().await?;
    let run = runs.first().ok_or("no run was interrupted")?;
    let start = Instant::now();
    let sum: u64 = runtime.resume(run.id).await?;
    let took = start.elapsed().as_secs_f64();
    if sum != tasks * (tasks - 1) / 2 {
        return Err(format!("the sum of {tasks} is {sum}").into());
    }
    let (busy, most) = (busy()?, peak()?);
    close(runtime).await?;
    Ok(format!("{open} {opened_in} {took} {busy} {most}\n"))
}

/// The most memory that this process has had, in megabytes; nothing where the system does not say.
fn peak() -> Result<f64> {
    let Ok(status) = fs::read_to_string("/proc/self/status") else { return Ok(f64::NAN) };
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no peak")?;
    let kilobytes: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kilobytes / 1e3)
}

/// The processor time that this process has had, in seconds.
fn busy() -> Result<f64> {
    let Ok(stat) = fs::read_to_string("/proc/self/stat") else { return Ok(f64::NAN) };
    // Behind the name, which may hold anything, in hundredths of a second.
    let (_, fields) = stat.rsplit_once(')').ok_or("no name")?;
    let ticks = fields.split_whitespace().skip(11).take(2).map(f64::from_str).sum::<Result<f64, _>>()?;
    Ok(ticks / 100.0)
}
