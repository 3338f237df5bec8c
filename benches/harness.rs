//! Alternating rounds, medians, and the table that they end in.

use std::{
    env, fmt, fs,
    future::Future,
    path::PathBuf,
    pin::Pin,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use tokio::runtime::Runtime;

use super::Result;

type Work = Box<dyn Fn() -> Pin<Box<dyn Future<Output = Result<Duration>> + Send>>>;

/// What a line counts in, and what each of it is for.
#[derive(Clone, Copy)]
pub(super) enum Unit {
    Nanos(&'static str),
    Micros(&'static str),
    Millis(&'static str),
    Bytes(&'static str),
}

impl Unit {
    fn of(self, took: Duration) -> f64 {
        let nanos = took.as_nanos() as f64;
        match self {
            Self::Nanos(_) | Self::Bytes(_) => nanos,
            Self::Micros(_) => nanos / 1e3,
            Self::Millis(_) => nanos / 1e6,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Nanos(_) => "ns",
            Self::Micros(_) => "µs",
            Self::Millis(_) => "ms",
            Self::Bytes(_) => "B",
        }
    }

    /// Digits behind the point that say something.
    fn digits(self) -> usize {
        match self {
            Self::Nanos(_) | Self::Bytes(_) => 0,
            Self::Micros(_) | Self::Millis(_) => 1,
        }
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Nanos(each) | Self::Micros(each) | Self::Millis(each) | Self::Bytes(each)) = *self;
        f.pad(&format!("{}/{each}", self.name()))
    }
}

/// What a line may cost at most.
#[derive(Clone, Copy)]
pub(super) enum Budget {
    /// So many of the line's unit.
    Most(f64),
    /// Times what the other side costs.
    Ratio(f64),
}

/// One side of a comparison: it does all the work and says how long that took.
pub(super) struct Contender {
    name: &'static str,
    work: Work,
    budget: Option<Budget>,
}

impl Contender {
    pub(super) fn new<F>(name: &'static str, work: impl Fn() -> F + 'static) -> Self
    where
        F: Future<Output = Result<Duration>> + Send + 'static,
    {
        Self { name, work: Box::new(move || Box::pin(work())), budget: None }
    }

    /// The first side's budget in its own unit, or another side's as a ratio to the first.
    pub(super) fn within(mut self, budget: Budget) -> Self {
        self.budget = Some(budget);
        self
    }
}

/// One line of the table.
pub(super) struct Line {
    pub(super) what: String,
    pub(super) unit: Unit,
    pub(super) ours: Series,
    /// The other side, and ours divided by it, round by round.
    pub(super) theirs: Option<(&'static str, Series, Series)>,
    pub(super) budget: Option<Budget>,
}

/// The same measurement of several rounds.
#[derive(Clone)]
pub(super) struct Series(Vec<f64>);

impl Series {
    pub(super) fn new(mut rounds: Vec<f64>) -> Self {
        rounds.sort_by(f64::total_cmp);
        Self(rounds)
    }

    fn median(&self) -> f64 {
        self.0.get(self.0.len() / 2).copied().unwrap_or(f64::NAN)
    }

    fn span(&self) -> (f64, f64) {
        let end = |value: Option<&f64>| value.copied().unwrap_or(f64::NAN);
        (end(self.0.first()), end(self.0.last()))
    }
}

/// Where directories for one measurement are made, beside the program: directories for temporary files are often in
/// memory, where a sync costs nothing. They are removed together at the end, because what a removal leaves the file
/// system to do would be part of the next measurement.
pub(super) struct Scratch(PathBuf);

impl Scratch {
    pub(super) fn new() -> Result<Self> {
        let path = scratch()?;
        fs::create_dir_all(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            eprintln!("`{}` cannot be removed: {error}", self.0.display());
        }
    }
}

fn scratch() -> Result<PathBuf> {
    let program = env::current_exe()?;
    let place = program.parent().ok_or("a program without a directory")?;
    Ok(place.join(format!("bench-{}", std::process::id())))
}

/// A new directory in the scratch.
pub(super) fn directory() -> Result<PathBuf> {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let scratch = scratch()?;
    let dir = scratch.join(NEXT.fetch_add(1, Ordering::Relaxed).to_string());
    fs::create_dir(&dir)?;
    // What is on its way to the disk is nothing that the next measurement has to wait for.
    #[cfg(unix)]
    fs::File::open(scratch)?.sync_all()?;
    Ok(dir)
}

/// Measures line after line and prints them together.
pub(super) struct Table {
    executor: Runtime,
    rounds: usize,
    only: String,
    lines: Vec<Line>,
}

impl Table {
    pub(super) fn new(executor: Runtime, rounds: usize, only: String) -> Self {
        Self { executor, rounds, only, lines: Vec::new() }
    }

    pub(super) fn wants(&self, what: &str) -> bool {
        what.contains(&self.only)
    }

    /// Runs all sides in turn, round by round, after one round that only warms up. The first side is ours; every
    /// other one makes a line.
    pub(super) fn compare(
        &mut self,
        what: &str,
        unit: Unit,
        units: u64,
        contenders: Vec<Contender>,
    ) -> Result<()> {
        if !self.wants(what) {
            return Ok(());
        }
        let mut measured: Vec<Vec<f64>> = contenders.iter().map(|_| Vec::new()).collect();
        for round in 0..=self.rounds {
            for (contender, rounds) in contenders.iter().zip(&mut measured) {
                // On a worker, where a program's futures are; the thread that blocks here is none.
                let took = self.executor.block_on(self.executor.spawn((contender.work)()))??;
                if round > 0 {
                    rounds.push(unit.of(took) / units as f64);
                }
            }
        }
        let mut sides = contenders.iter().zip(measured);
        let Some((first, ours)) = sides.next() else { return Ok(()) };
        let mut what = what.to_owned();
        let mut budget = first.budget;
        for (other, theirs) in sides {
            let ratios = ours.iter().zip(&theirs).map(|(ours, theirs)| ours / theirs).collect();
            self.lines.push(Line {
                what: std::mem::take(&mut what),
                unit,
                ours: Series::new(ours.clone()),
                theirs: Some((other.name, Series::new(theirs), Series::new(ratios))),
                budget: budget.take().or(other.budget),
            });
        }
        Ok(())
    }

    /// How often everything is measured.
    pub(super) fn rounds(&self) -> usize {
        self.rounds
    }

    pub(super) fn add(&mut self, lines: Vec<Line>) {
        self.lines.extend(lines);
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} rounds; medians (least to most of the rounds)", self.rounds)?;
        writeln!(f, "{:<38} {:>8}  {:>24}  {:<18} {:>24}  {:>22}  budget", "", "", "orch", "", "", "ratio")?;
        // What only shows that it runs is too small to be judged.
        let judged = self.rounds > 2;
        self.lines.iter().try_for_each(|line| line.write(f, judged))
    }
}

impl Line {
    fn write(&self, f: &mut fmt::Formatter<'_>, judged: bool) -> fmt::Result {
        let shown = |series: &Series, digits: usize| {
            let (least, most) = series.span();
            format!("{:.digits$} ({least:.digits$} to {most:.digits$})", series.median())
        };
        let digits = self.unit.digits();
        write!(f, "{:<38} {:>8}  {:>24}  ", self.what, self.unit, shown(&self.ours, digits))?;
        let (other, theirs, ratio) = match &self.theirs {
            Some((name, theirs, ratio)) => (*name, shown(theirs, digits), shown(ratio, 2)),
            None => ("", String::new(), String::new()),
        };
        write!(f, "{other:<18} {theirs:>24}  {ratio:>22}  ")?;
        let Some(budget) = self.budget else { return writeln!(f) };
        let ratio = self.theirs.as_ref().map_or(f64::NAN, |(_, _, ratio)| ratio.median());
        let (text, met) = match budget {
            Budget::Most(most) => {
                (format!("{most:.digits$} {}", self.unit.name()), self.ours.median() <= most)
            }
            Budget::Ratio(most) => (format!("{most:.1} times"), ratio <= most),
        };
        let verdict = match (judged, met) {
            (false, _) => "",
            (true, true) => ": met",
            (true, false) => ": missed",
        };
        writeln!(f, "at most {text}{verdict}")
    }
}
