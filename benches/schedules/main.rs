//! What schedules cost: `cargo bench --bench schedules`.
//!
//! Two measurements: many stored schedules of which few are due (their memory, the opening of their store, what a tick
//! costs beside them), and a thousand that are due in the same second (how late they start, beside bare timers of tokio).
//! Without `--bench`, or with `--quick`, everything is small and only shows that it runs; `--stored=100000` chooses how
//! many are stored.

#![expect(clippy::print_stdout, reason = "the table is what this program is for")]
#![expect(clippy::disallowed_methods, reason = "it measures real time")]

use std::{
    env,
    error::Error,
    path::Path,
    sync::{Arc, Mutex},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use futures_util::future::{join_all, try_join_all};
use orch::{
    prelude::*,
    store::{MemoryStore, SledStore, Starters, Store, SyncMode},
};

type Result<T, E = Box<dyn Error + Send + Sync>> = std::result::Result<T, E>;

/// How late runs began, in microseconds after their tick.
#[derive(Clone, Default)]
struct Late(Arc<Mutex<Vec<u64>>>);

fn micros_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros() as u64)
}

#[flow]
async fn notes(#[provided] late: &Late) {
    let tick = orch::ctx().tick().map_or(0, orch::Timestamp::as_micros);
    if let Ok(mut noted) = late.0.lock() {
        noted.push(micros_now().saturating_sub(tick));
    }
}

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let has = |wanted: &str| arguments.iter().any(|argument| argument == wanted);
    let quick = has("--quick") || !has("--bench");
    let tokio = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    tokio.block_on(async {
        let (stored, due) = if quick { (2_000, 50) } else { (1_000_000, 1_000) };
        let given = arguments.iter().find_map(|argument| argument.strip_prefix("--stored="));
        let stored = given.map_or(Ok(stored), str::parse)?;
        many(stored).await?;
        together(due).await
    })
}

/// The resident memory of this process, in MiB, where the system tells it.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok());
    kib.unwrap_or(0.0) / 1024.0
}

fn size(dir: &Path) -> u64 {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    entries
        .map(|entry| {
            entry.metadata().map_or(0, |meta| if meta.is_dir() { size(&entry.path()) } else { meta.len() })
        })
        .sum()
}

async fn many(count: usize) -> Result<()> {
    let dir = tempfile::Builder::new().tempdir_in(env::current_exe()?.parent().unwrap_or(Path::new(".")))?;
    let open = || SledStore::builder(dir.path()).durability(SyncMode::Process).open();
    let begun = Instant::now();
    {
        let store = Arc::new(open()?);
        let runtime = Runtime::builder().store(store.clone()).provide(Late::default()).build()?;
        for chunk in 0..count.div_ceil(1_000) {
            let numbers = chunk * 1_000..count.min((chunk + 1) * 1_000);
            let create = |n: usize| {
                let call = notes().on(&runtime).schedule(format!("s{n}"));
                call.cron(format!("{} {} {} * *", n % 60, n / 60 % 24, n % 28 + 1)).create()
            };
            try_join_all(numbers.map(create)).await?;
        }
        println!("{count} schedules created in {:.1?}; {:.0} MiB resident", begun.elapsed(), resident());
        runtime.close().await?;
    }
    println!("on disk: {:.0} bytes each", size(dir.path()) as f64 / count as f64);
    let (before, begun) = (resident(), Instant::now());
    let store = Arc::new(open()?);
    println!("opened in {:.0?}; {:.0} MiB resident before, {:.0} after", begun.elapsed(), before, resident());
    let begun = Instant::now();
    let ask = async || store.starters(Starters::Due(orch::Timestamp::from_micros(1)), 256).await;
    ask().await?;
    let (first, begun) = (begun.elapsed(), Instant::now());
    let rounds = 1_000;
    for _ in 0..rounds {
        ask().await?;
    }
    let rest = begun.elapsed() / rounds;
    println!("asking what is due, when nothing is: {first:.1?} for the first time, {rest:.1?} then");
    // Ticks beside all of these: one schedule that is due every few milliseconds.
    let late = Late::default();
    let runtime = Runtime::builder().store(store).provide(late.clone()).build()?;
    let tick = notes().on(&runtime).schedule("ticks").every(Duration::from_millis(5)).max_runs(200);
    tick.create().await?;
    let done = late.clone();
    let served = runtime.serve().lines(|_| {}).until(async move {
        while done.0.lock().is_ok_and(|noted| noted.len() < 200) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    });
    served.await?;
    println!("200 ticks, one every 5 ms, beside them: median lateness {:.2} ms", median(&late) as f64 / 1e3);
    println!("{:.0} MiB resident while served", resident());
    Ok(())
}

fn median(late: &Late) -> u64 {
    let mut late = late.0.lock().map(|late| late.clone()).unwrap_or_default();
    late.sort_unstable();
    late.get(late.len() / 2).copied().unwrap_or(0)
}

async fn together(count: usize) -> Result<()> {
    for on_disk in [false, true] {
        let dir =
            tempfile::Builder::new().tempdir_in(env::current_exe()?.parent().unwrap_or(Path::new(".")))?;
        let late = Late::default();
        let builder = Runtime::builder().provide(late.clone());
        let runtime = match on_disk {
            false => builder.store(MemoryStore::new()).build()?,
            true => builder.path(dir.path()).build()?,
        };
        let moment = (micros_now() / 1_000_000 + 4) * 1_000_000;
        let create = |n: usize| {
            let call = notes().on(&runtime).schedule(format!("s{n}"));
            let spread = moment + n as u64 * 1_000_000 / count as u64;
            call.rule(orch::schedule::Rule::At(vec![spread as i64])).create()
        };
        try_join_all((0..count).map(create)).await?;
        let done = late.clone();
        let served = runtime.serve().lines(|_| {}).until(async move {
            while done.0.lock().is_ok_and(|noted| noted.len() < count) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
        served.await?;
        let bare = timers(count).await;
        let (ours, bare) = (median(&late), median(&bare));
        println!(
            "{count} due within one second, {}: median start lateness {:.2} ms; bare tokio timers {:.2} ms; ratio {:.1}",
            if on_disk { "on disk (fsync)" } else { "in memory" },
            ours as f64 / 1e3,
            bare as f64 / 1e3,
            ours as f64 / bare.max(1) as f64,
        );
    }
    Ok(())
}

/// The same with nothing but timers.
async fn timers(count: usize) -> Late {
    let late = Late::default();
    let begin = micros_now() + 500_000;
    let timers = (0..count).map(|n| {
        let (due, late) = (begin + n as u64 * 1_000_000 / count as u64, late.clone());
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_micros(due.saturating_sub(micros_now()))).await;
            if let Ok(mut noted) = late.0.lock() {
                noted.push(micros_now().saturating_sub(due));
            }
        })
    });
    join_all(timers).await;
    late
}
