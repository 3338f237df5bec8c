//! The command line.

use std::time::Duration;

use lexopt::prelude::*;
use scraper::Selector;

use crate::price::Cents;

pub(crate) const USAGE: &str = "\
Watches the price on a page until it is within the budget.

usage: shoe_price [--url URL] [--selector CSS] [--budget AMOUNT] [--every TIME]

  --url URL         the page; without it, a small shop on this machine
  --selector CSS    the element with the price [default: .price]
  --budget AMOUNT   the most to pay, such as 119.90; needed with --url [default in the shop: 120]
  --every TIME      the wait between two looks, such as 90s or 1h [default: 5m, in the shop 100ms]
  --help            this text

exit code: 0 buy, 1 error, 2 don't buy: not within the budget after 50 looks";

/// What to do.
#[derive(Debug, PartialEq)]
pub(crate) enum Command {
    Watch(Args),
    Help,
}

/// What to watch.
#[derive(Debug, PartialEq)]
pub(crate) struct Args {
    /// `None`: the shop on this machine.
    pub(crate) url: Option<String>,
    pub(crate) selector: String,
    pub(crate) budget: Cents,
    pub(crate) every: Duration,
}

pub(crate) fn parse(mut parser: lexopt::Parser) -> Result<Command, lexopt::Error> {
    let (mut url, mut selector, mut budget, mut every) = (None, ".price".to_owned(), None, None);
    while let Some(argument) = parser.next()? {
        match argument {
            Long("url") => url = Some(parser.value()?.parse_with(address)?),
            Long("selector") => selector = parser.value()?.parse_with(css)?,
            Long("budget") => budget = Some(parser.value()?.parse::<Cents>()?),
            Long("every") => every = Some(parser.value()?.parse_with(duration)?),
            Short('h') | Long("help") => return Ok(Command::Help),
            _ => return Err(argument.unexpected()),
        }
    }
    let in_the_shop = url.is_none();
    let budget = match budget {
        Some(budget) => budget,
        None if in_the_shop => Cents(12_000),
        None => return Err("--url needs a --budget".into()),
    };
    let every =
        every.unwrap_or(if in_the_shop { Duration::from_millis(100) } else { Duration::from_secs(5 * 60) });
    Ok(Command::Watch(Args { url, selector, budget, every }))
}

fn address(text: &str) -> Result<String, &'static str> {
    if text.starts_with("http://") || text.starts_with("https://") {
        return Ok(text.to_owned());
    }
    Err("an address begins with http:// or https://")
}

fn css(text: &str) -> Result<String, String> {
    match Selector::parse(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// A whole number and its unit: `500ms`, `90s`, `5m`, `1h`.
fn duration(text: &str) -> Result<Duration, &'static str> {
    const EXPECTED: &str = "a time is a whole number with ms, s, m or h";
    let unit = text.find(|c: char| !c.is_ascii_digit()).ok_or(EXPECTED)?;
    let millis = match &text[unit..] {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err(EXPECTED),
    };
    let number: u64 = text[..unit].parse().map_err(|_| EXPECTED)?;
    number.checked_mul(millis).map(Duration::from_millis).ok_or(EXPECTED)
}

/// Arguments of one command line, for tests.
#[cfg(test)]
pub(crate) fn from(line: &str) -> Result<Command, String> {
    parse(lexopt::Parser::from_args(line.split_whitespace())).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_arguments_it_watches_the_shop() {
        let args = Args {
            url: None,
            selector: ".price".into(),
            budget: Cents(12_000),
            every: Duration::from_millis(100),
        };
        assert_eq!(from(""), Ok(Command::Watch(args)));
        assert_eq!(from("--budget 3 --help"), Ok(Command::Help));
    }

    #[test]
    fn every_argument_counts() {
        let args = Args {
            url: Some("https://shop.example/1".into()),
            selector: "#price".into(),
            budget: Cents(123_450),
            every: Duration::from_secs(3600),
        };
        let line = "--url https://shop.example/1 --selector=#price --budget 1.234,50 --every 1h";
        assert_eq!(from(line), Ok(Command::Watch(args)));
        let Ok(Command::Watch(args)) = from("--url http://shop.example --budget 5") else { panic!() };
        assert_eq!(args.every, Duration::from_secs(300));
    }

    #[test]
    fn mistakes_are_named() {
        for (line, message) in [
            ("--url http://shop.example", "--url needs a --budget"),
            ("--url shop.example --budget 1", "http:// or https://"),
            ("--budget cheap", "there is no price in it"),
            ("--every 5", "ms, s, m or h"),
            ("--every 5d", "ms, s, m or h"),
            ("--every 99999999999999999999h", "ms, s, m or h"),
            ("--selector p[", "p["),
            ("--every", "missing argument"),
            ("--colour red", "--colour"),
            ("shoe", "shoe"),
        ] {
            let error = from(line).unwrap_err();
            assert!(error.contains(message), "{line}: {error}");
        }
    }
}
