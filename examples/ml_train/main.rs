//! A grid search: which random forest tells flowers apart best: `cargo run --example ml_train`.
//!
//! Every setting of the grid is tried on five folds of Fisher's irises: trained on four of them and asked about the fifth.
//! These trainings are synchronous tasks, which run on threads of their own, as many at a time as there are processors,
//! and they are cached. So a second start trains nothing, one with a wider grid (`--trees 1,4,16,64,128`) trains what is
//! new in it, and `--fresh` trains everything again. Kill the program wherever you like, or let it kill itself with
//! `--crash-after 40`: the next start goes on, and trains what is missing.
//!
//! The flow is here; what is trained is in `train.rs`, on the data of `flowers.rs`. Journal, cache and the plot are kept in
//! `.orch-ml`, or where `--dir` says.

mod args;
mod flowers;
mod plot;
mod report;
#[path = "../shoe_price/screen.rs"]
mod screen;
mod train;

#[cfg(test)]
mod tests;

use std::{fs, io, process::ExitCode, sync::Arc};

use orch::{prelude::*, store::Run};

use crate::{
    args::{Args, Command},
    plot::{PlotFile, plot},
    report::{Report, Score},
    screen::Screen,
    train::{Grid, Trained, train},
};

/// How often each setting is trained.
const FOLDS: usize = 5;

/// Tries every setting of the grid, and tells which is best.
///
/// The data is not in the journal: folds and forests follow from the seed, so a resumed run makes the same ones again.
/// Each fold is hashed once, and not with every training that gets it; this is what `Shared` is for.
///
/// A search that was interrupted waits until somebody asks for it again.
#[flow(resume = "manual", tags("ml_train"))]
async fn search(grid: Grid, seed: u64, fresh: bool) -> anyhow::Result<Report> {
    let folds = &flowers::folds(FOLDS, seed);
    let scores = orch::try_map(grid.forests(), |forest| async move {
        let trials = orch::try_map(folds, |fold| {
            let trial = train(forest, seed, fold.clone()).named(train::name(forest, fold));
            if fresh { trial.refresh() } else { trial }
        });
        anyhow::Ok(Score { forest, trials: trials.await? })
    })
    .await?;
    let report = Report::new(scores)?;
    plot(&report).await?;
    Ok(report)
}

/// Everything after the arguments.
async fn run(args: Args, screen: &Screen) -> anyhow::Result<Report> {
    let Args { grid, seed, fresh, dir, crash_after } = args;
    fs::create_dir_all(&dir)?;
    let (plot, trained) = (PlotFile(dir.join("grid.svg")), Arc::new(Trained::new(crash_after)));
    let builder = Runtime::builder().path(dir.join("journal")).provide(plot.clone());
    let runtime = builder.provide_arc(trained.clone()).build()?;

    // A search that was interrupted goes on when the same is asked for again; its name tells what that was. Everything that
    // it recorded is in its journal. The cache alone would not do: its entry follows the record, and may have been lost.
    let name = format!("{grid}, seed {seed}{}", if fresh { ", fresh" } else { "" });
    let named = |run: &Run| run.label.as_ref() == Some(&name);
    let report = match runtime.interrupted().await?.into_iter().find(named) {
        Some(Run { id, .. }) => {
            screen.line(format_args!("run {id} was interrupted, and goes on"))?;
            runtime.resume(id).await
        }
        None => runtime.scope(search(grid, seed, fresh).named(name)).await,
    };
    runtime.close().await?;
    let report: Report = report?;
    let (all, now) = (report.trials(), trained.names().len());
    screen.line(format_args!("trained: {now} of {all}, remembered: {}\n", all - now))?;
    screen.line(format_args!("{report}"))?;
    screen.line(format_args!("plot: {}", plot.0.display()))?;
    Ok(report)
}

#[tokio::main]
async fn main() -> ExitCode {
    let screen = Screen::new(io::stdout());
    let result = match args::parse(lexopt::Parser::from_env()) {
        Ok(Command::Run(args)) => run(args, &screen).await.map(drop),
        Ok(Command::Help) => screen.line(format_args!("{}", args::USAGE)).map_err(Into::into),
        Err(error) => Err(anyhow::anyhow!("{error}\n\n{}", args::USAGE)),
    };
    if let Err(error) = result {
        eprintln!("error: {error:#}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
