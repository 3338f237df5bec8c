//! The command line.

use std::path::PathBuf;

use lexopt::prelude::*;

pub(crate) const USAGE: &str = "\
Loads the orders of a day into SQLite.

usage: etl [--day DAY] [--dir DIR] [--shop URL] [--crash-after N]
       etl --demo

  --day DAY          the day; each is loaded once [default: 2026-11-23]
  --dir DIR          where journal and database are kept [default: .orch-etl]
  --shop URL         where the orders are; without it, a shop on this machine
  --crash-after N    the program kills itself when N chunks are in the database
  --demo             loads a day, then again with a crash and a second start, and compares; keeps nothing
  --help             this text";

/// What to do.
#[derive(Debug, PartialEq)]
pub(crate) enum Command {
    Run(Args),
    Demo,
    Help,
}

/// What to load, and where.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Args {
    pub(crate) day: String,
    pub(crate) dir: PathBuf,
    /// `None`: a shop on this machine.
    pub(crate) shop: Option<String>,
    pub(crate) crash_after: Option<u32>,
}

pub(crate) fn parse(mut parser: lexopt::Parser) -> Result<Command, lexopt::Error> {
    let mut args = Args { day: "2026-11-23".into(), dir: ".orch-etl".into(), shop: None, crash_after: None };
    let mut demo = false;
    while let Some(argument) = parser.next()? {
        match argument {
            Long("day") => args.day = parser.value()?.string()?,
            Long("dir") => args.dir = parser.value()?.into(),
            Long("shop") => args.shop = Some(parser.value()?.string()?),
            Long("crash-after") => args.crash_after = Some(parser.value()?.parse()?),
            Long("demo") => demo = true,
            Short('h') | Long("help") => return Ok(Command::Help),
            _ => return Err(argument.unexpected()),
        }
    }
    Ok(if demo { Command::Demo } else { Command::Run(args) })
}
