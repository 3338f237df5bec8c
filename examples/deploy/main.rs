//! Releases of a service, installed on its hosts: `cargo run --example deploy -- --demo`.
//!
//! A release is a file in a folder; its name is the version. Each starts a run by itself, which installs the release on one
//! host, waits until that host is healthy and somebody approves, migrates the data, once, and goes on to the other hosts, two
//! at a time. A release that fails is rolled back by a flow of its own, which nobody calls either. Kill the process wherever
//! you like: the next start goes on where this one was, and an approval that was given is not asked for again.
//!
//! Without options it waits for files in `.orch-deploy/releases` until Ctrl-C, and asks you: `echo > .orch-deploy/releases/1.1`,
//! and type `yes` or `no`. With `--demo` it puts three releases there and answers itself: the second one is broken.
//!
//! The flows are in `releases.rs`. The hosts are six small servers on the loopback interface (`hosts.rs`).

mod hosts;
mod people;
mod releases;
#[path = "../shoe_price/screen.rs"]
mod screen;

#[cfg(test)]
mod tests;

use std::{
    fs, io,
    path::{Path, PathBuf},
    pin::Pin,
    process::{ExitCode, Termination},
    time::Duration,
};

use anyhow::Context;
use lexopt::prelude::*;
use orch::{
    Serve, Served,
    prelude::*,
    schedule::{FileChange, Trigger},
};

use crate::{
    hosts::{Fleet, Hosts},
    people::Person,
    releases::{Data, deploy},
    screen::Screen,
};

const USAGE: &str = "\
usage: cargo run --example deploy -- [options]

Installs the releases that are put into DIR/releases, until Ctrl-C.

  --demo      put three releases there, approve them, and end when the last one is installed
  --dir DIR   where runs, releases and the service's data are kept  [.orch-deploy, with --demo .orch-deploy-demo]
  --help      this text";

struct Args {
    demo: bool,
    dir: PathBuf,
}

fn parse(mut parser: lexopt::Parser) -> Result<Option<Args>, lexopt::Error> {
    let (mut demo, mut dir) = (false, None);
    while let Some(argument) = parser.next()? {
        match argument {
            Long("demo") => demo = true,
            Long("dir") => dir = Some(PathBuf::from(parser.value()?)),
            Short('h') | Long("help") => return Ok(None),
            _ => return Err(argument.unexpected()),
        }
    }
    let dir = dir.unwrap_or_else(|| if demo { ".orch-deploy-demo" } else { ".orch-deploy" }.into());
    Ok(Some(Args { demo, dir }))
}

/// Everything of the program that is the same on the clock of a test.
pub(crate) fn serving(runtime: &Runtime, dir: &Path) -> Serve {
    // What starts the other two flows stands in their attributes. The folder is known only now.
    let files = Trigger::new("releases").on_file(format!("{}/releases/*", dir.display()));
    let files = files.settle(Duration::from_millis(300)).run(|file: FileChange| {
        let version = file.path.file_name().map(|name| name.to_string_lossy().into_owned());
        deploy(version.unwrap_or_default())
    });
    runtime.serve().trigger(files)
}

async fn run(args: &Args, screen: &Screen) -> anyhow::Result<Served> {
    fs::create_dir_all(args.dir.join("releases"))?;
    let hosts = Hosts::open(6)?;
    let (person, questions) = Person::new();
    let data = Data::at(args.dir.join("data"))?;
    let runtime = Runtime::builder()
        .path(args.dir.join("journal"))
        // No more than two hosts are out of service at the same time, whoever installs what.
        .limit("hosts", 2)
        .provide(Fleet::of(&hosts))
        .provide(data.clone())
        .provide(person)
        .provide(screen.clone())
        .build()?;
    let end: Pin<Box<dyn Future<Output = ()> + Send>> = match args.demo {
        true => Box::pin(people::demo(runtime.clone(), questions, args.dir.clone())),
        false => Box::pin(people::at_the_keyboard(runtime.clone(), questions, screen.clone())),
    };
    let looking = people::look_at_migrations(runtime.clone(), data);
    let served = tokio::select! {
        served = serving(&runtime, &args.dir).until(end) => served?,
        stopped = looking => return Err(stopped.err().context("migrations are looked at all the time")?),
    };
    screen.line(format_args!("installed: {}", hosts.versions().join(", ")))?;
    Ok(served)
}

#[tokio::main]
async fn main() -> ExitCode {
    let screen = Screen::new(io::stdout());
    let result = match parse(lexopt::Parser::from_env()) {
        // The exit code tells whether runs were left for the next start.
        Ok(Some(args)) => run(&args, &screen).await.map(Served::report),
        Ok(None) => screen.line(format_args!("{USAGE}")).map(|()| ExitCode::SUCCESS).map_err(Into::into),
        Err(error) => Err(anyhow::anyhow!("{error}\n\n{USAGE}")),
    };
    result.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}
