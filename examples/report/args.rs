//! The command line.

use std::{path::PathBuf, str::FromStr};

use jiff::civil::Date;
use lexopt::prelude::*;

pub(crate) const USAGE: &str = "\
usage: cargo run --example report -- [options]

Makes a page for each day, at six in the morning in New York, until Ctrl-C.

  --demo                 a day passes every two seconds, and the first one is 2024-03-08
  --days N               end when N more days have passed
  --backfill FIRST..LAST make the pages of these days too, such as 2024-03-01..2024-03-07; without --days, end then
  --dir DIR              where runs, schedules and pages are kept  [.orch-report, with --demo .orch-report-demo]
  --help                 this text";

/// What to do.
#[derive(Debug, PartialEq)]
pub(crate) enum Command {
    Run(Args),
    Help,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Args {
    pub(crate) demo: bool,
    pub(crate) days: Option<usize>,
    pub(crate) backfill: Option<Days>,
    pub(crate) dir: PathBuf,
}

/// Days in a row, both ends included.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Days {
    pub(crate) first: Date,
    pub(crate) last: Date,
}

impl FromStr for Days {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (first, last) =
            text.split_once("..").ok_or("two days with `..` in between, such as 2024-03-01..2024-03-07")?;
        let date = |text: &str| text.parse::<Date>().map_err(|error| error.to_string());
        let days = Self { first: date(first)?, last: date(last)? };
        if days.first > days.last { Err(format!("{last} is before {first}")) } else { Ok(days) }
    }
}

pub(crate) fn parse(mut parser: lexopt::Parser) -> Result<Command, lexopt::Error> {
    let (mut demo, mut days, mut backfill, mut dir) = (false, None, None, None);
    while let Some(argument) = parser.next()? {
        match argument {
            Long("demo") => demo = true,
            Long("days") => days = Some(parser.value()?.parse()?),
            Long("backfill") => backfill = Some(parser.value()?.parse()?),
            Long("dir") => dir = Some(PathBuf::from(parser.value()?)),
            Short('h') | Long("help") => return Ok(Command::Help),
            _ => return Err(argument.unexpected()),
        }
    }
    // A day of the one is no day of the other.
    let dir = dir.unwrap_or_else(|| if demo { ".orch-report-demo" } else { ".orch-report" }.into());
    Ok(Command::Run(Args { demo, days, backfill, dir }))
}
