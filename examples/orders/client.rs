//! Fetching orders over HTTP.

use std::time::Duration;

use anyhow::Context;
use orch::prelude::*;
use ureq::Agent;

/// Where the orders are, and how to get there. A task has it as a `#[provided]` value and not as an argument: the
/// address may be another one tomorrow, and the orders of a day are still the same.
pub(crate) struct Source {
    agent: Agent,
    url: String,
}

impl Source {
    pub(crate) fn new(url: String) -> Self {
        let config =
            Agent::config_builder().timeout_global(Some(Duration::from_secs(20))).proxy(None).build();
        Self { agent: config.into(), url }
    }

    fn get(&self, path: &str) -> Result<String, ureq::Error> {
        self.agent.get(format!("{}{path}", self.url)).call()?.into_body().read_to_string()
    }
}

/// The server's own troubles pass with time; to be told that one has asked for the wrong thing does not.
fn may_pass(error: &ureq::Error) -> Retry {
    match error {
        ureq::Error::StatusCode(code @ 400..500) if *code != 429 => {
            Retry::Stop(format!("{code} does not go away by asking again"))
        }
        _ => Retry::Yes,
    }
}

/// How many pages of orders a day has.
pub(crate) async fn count_pages(day: &str) -> anyhow::Result<u32> {
    let answer = fetch(&format!("/orders/{day}")).await?;
    answer
        .parse()
        .with_context(|| format!("the shop says {answer:?} where it should say how many pages there are"))
}

/// One page of a day's orders, as CSV.
pub(crate) fn fetch_page(day: &str, page: u32) -> Call<String> {
    fetch(&format!("/orders/{day}/{page}"))
}

/// Up to nine attempts, over all processes that the run has had. The client blocks, so the function is synchronous, and its body runs on a thread where that
/// disturbs nobody. What it has fetched is recorded: a resumed run does not ask again.
#[task(retries = 8, backoff = exponential("50ms", max = "5s", jitter), retry_if = may_pass)]
fn fetch(path: &str, #[provided] source: &Source) -> Result<String, ureq::Error> {
    source.get(path)
}
