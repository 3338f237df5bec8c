//! Watches the price of a shoe until it is within the budget: `cargo run --example shoe_price`.
//!
//! Without arguments it opens a small shop on this machine, whose price falls and which is now and then too busy to
//! answer. With `--url` it watches a real page; `--help` lists the rest. Everything is kept in `.orch`: a second start
//! names the watches before it, and finds prices in the cache that were read then.
//!
//! The flow and its tasks are here and in `page.rs`; everything else is what a program needs around them.

mod args;
mod history;
mod page;
mod price;
mod screen;
mod shop;

#[cfg(test)]
mod tests;

use std::{io, process::ExitCode, time::Duration};

use orch::{RuntimeBuilder, prelude::*};
use serde::{Deserialize, Serialize};

use crate::{
    args::{Args, Command},
    page::{fetch_page, parse_price},
    price::Cents,
    screen::Screen,
    shop::Shop,
};

/// After so many looks at the page it gives up.
const POLLS: u32 = 50;

/// How a watch ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Decision {
    Buy { price: Cents },
    DontBuy { last_price: Cents },
}

#[task(inline)]
fn within_budget(price: Cents, budget: Cents) -> bool {
    price <= budget
}

/// Prints the line of one poll. How many attempts the fetch took and whether the price was in the cache is not
/// handed over: it is what the run's own history says.
#[task]
async fn report(poll: u32, price: Cents, budget: Cents, #[provided] screen: &Screen) -> anyhow::Result<()> {
    let seen = history::of_poll(poll).await?;
    let attempts = if seen.attempts == 1 { "attempt " } else { "attempts" };
    let origin = if seen.cached { "cached" } else { "parsed" };
    screen.line(format_args!(
        "poll {poll:>2}   price {price:>9}   budget {budget:>9}   {:>2} {attempts}   {origin}",
        seen.attempts
    ))?;
    Ok(())
}

/// Looks at the page every so often, until the price is within the budget or it has looked often enough.
///
/// A flow is plain Rust: a loop, `if` and `?`. What has to be remembered happens in tasks, and waiting in
/// `orch::sleep`, so that a resumed watch neither prints a line twice nor waits again.
#[flow(tags("shop"))]
async fn watch_price(
    url: String,
    selector: String,
    budget: Cents,
    every: Duration,
) -> Result<Decision, Error> {
    let mut poll = 1;
    loop {
        let page = fetch_page(&url).named(history::label(poll)).await?;
        let price = parse_price(&page, &selector).named(history::label(poll)).await?;
        report(poll, price, budget).await?;
        if within_budget(price, budget).await? {
            return Ok(Decision::Buy { price });
        }
        if poll == POLLS {
            return Ok(Decision::DontBuy { last_price: price });
        }
        poll += 1;
        orch::sleep(every).await;
    }
}

/// Watches the page, or the shop that it opens for the purpose, and says how that ended.
async fn watch(runtime: &Runtime, screen: &Screen, args: Args) -> anyhow::Result<Decision> {
    let shop = if args.url.is_none() { Some(Shop::open()?) } else { None };
    let url = args.url.or(shop.as_ref().map(Shop::url)).unwrap_or_default();
    let budget = args.budget;
    for line in runtime.scope(history::earlier(runtime)).await? {
        screen.line(format_args!("{line}"))?;
    }

    let decision = runtime.scope(watch_price(url, args.selector, budget, args.every)).await?;

    match decision {
        Decision::Buy { price } => {
            screen.line(format_args!("buy: {price} is within the budget of {budget}"))?
        }
        Decision::DontBuy { last_price } => screen.line(format_args!(
            "don't buy: after {POLLS} polls the price is {last_price} and the budget {budget}"
        ))?,
    }
    screen.line(format_args!("{}", history::summary(runtime).await?))?;
    Ok(decision)
}

/// What the program says to its caller.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(u8)]
enum Exit {
    Bought = 0,
    Error = 1,
    GaveUp = 2,
}

impl From<&anyhow::Result<Decision>> for Exit {
    fn from(result: &anyhow::Result<Decision>) -> Self {
        match result {
            Ok(Decision::Buy { .. }) => Self::Bought,
            Ok(Decision::DontBuy { .. }) => Self::GaveUp,
            Err(_) => Self::Error,
        }
    }
}

/// Everything after the arguments.
async fn run(args: Args, screen: &Screen, builder: RuntimeBuilder) -> anyhow::Result<Decision> {
    // Proxies are for real pages; the shop is on this machine.
    let agent = page::agent(args.url.is_some());
    let runtime = builder.provide(screen.clone()).provide(agent).build()?;
    let result = watch(&runtime, screen, args).await;
    runtime.close().await?;
    result
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = match args::parse(lexopt::Parser::from_env()) {
        Ok(Command::Watch(args)) => args,
        Ok(Command::Help) => {
            let shown = Screen::new(io::stdout()).line(format_args!("{}", args::USAGE));
            return shown.map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS);
        }
        Err(error) => {
            eprintln!("error: {error}\n\n{}", args::USAGE);
            return ExitCode::from(Exit::Error as u8);
        }
    };
    let result = run(args, &Screen::new(io::stdout()), Runtime::builder()).await;
    if let Err(error) = &result {
        eprintln!("error: {error:#}");
    }
    ExitCode::from(Exit::from(&result) as u8)
}
