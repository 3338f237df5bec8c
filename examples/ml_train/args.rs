//! The command line.

use std::path::PathBuf;

use lexopt::prelude::*;

use crate::train::Grid;

pub(crate) const USAGE: &str = "\
Searches the random forest that tells irises apart best.

usage: ml_train [--trees LIST] [--depths LIST] [--seed N] [--fresh] [--dir DIR] [--crash-after N]

  --trees LIST       how many trees a forest has [default: 1,4,16,64]
  --depths LIST      how deep each of them is; 1 is a tree without a branch [default: 2,3,4,5,6]
  --seed N           what folds and forests are drawn from [default: 1936]
  --fresh            train everything again, whatever is in the cache
  --dir DIR          where journal, cache and plot are kept [default: .orch-ml]
  --crash-after N    the program kills itself after N trainings
  --help             this text";

/// What to do.
#[derive(Debug, PartialEq)]
pub(crate) enum Command {
    Run(Args),
    Help,
}

/// What to search, and where it is kept.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Args {
    pub(crate) grid: Grid,
    pub(crate) seed: u64,
    pub(crate) fresh: bool,
    pub(crate) dir: PathBuf,
    pub(crate) crash_after: Option<usize>,
}

pub(crate) fn parse(mut parser: lexopt::Parser) -> Result<Command, lexopt::Error> {
    let grid = Grid { trees: vec![1, 4, 16, 64], depths: vec![2, 3, 4, 5, 6] };
    let mut args = Args { grid, seed: 1936, fresh: false, dir: ".orch-ml".into(), crash_after: None };
    while let Some(argument) = parser.next()? {
        match argument {
            Long("trees") => args.grid.trees = parser.value()?.parse_with(numbers)?,
            Long("depths") => args.grid.depths = parser.value()?.parse_with(numbers)?,
            Long("seed") => args.seed = parser.value()?.parse()?,
            Long("fresh") => args.fresh = true,
            Long("dir") => args.dir = parser.value()?.into(),
            Long("crash-after") => args.crash_after = Some(parser.value()?.parse()?),
            Short('h') | Long("help") => return Ok(Command::Help),
            _ => return Err(argument.unexpected()),
        }
    }
    Ok(Command::Run(args))
}

/// A list of whole numbers from 1, in order and each once, so that the table has no row or column twice.
fn numbers(list: &str) -> Result<Vec<u16>, String> {
    let number = |text: &str| match text.trim().parse() {
        Ok(0) | Err(_) => Err(format!("`{text}` is no whole number from 1 to {}", u16::MAX)),
        Ok(number) => Ok(number),
    };
    let mut numbers = list.split(',').map(number).collect::<Result<Vec<_>, _>>()?;
    numbers.sort_unstable();
    numbers.dedup();
    Ok(numbers)
}
