//! The page: fetched over the network, and read with CSS selectors.

use std::time::Duration;

use orch::prelude::*;
use scraper::{Html, Selector};
use ureq::{
    Agent,
    http::{StatusCode, header, response::Parts},
};

use crate::price::{Cents, NoPrice};

/// Why a page could not be fetched.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FetchError {
    #[error("the shop answered {status}")]
    Status { status: StatusCode, retry_after: Option<Duration> },
    #[error("no answer from the shop: {0}")]
    Transport(ureq::Error),
}

/// What to do about a failed fetch. The answer is recorded with the attempt.
pub(crate) fn worth_another_try(error: &FetchError) -> Retry {
    match error {
        FetchError::Status { status, retry_after } => match retry_after {
            Some(wait) if may_pass(*status) => Retry::After(*wait),
            None if may_pass(*status) => Retry::Yes,
            _ if *status == StatusCode::NOT_FOUND => Retry::Stop("there is no such page".into()),
            _ => Retry::Stop(format!("{status} does not go away by asking again")),
        },
        FetchError::Transport(ureq::Error::BadUri(_) | ureq::Error::Http(_)) => {
            Retry::Stop("that is not an address".into())
        }
        FetchError::Transport(_) => Retry::Yes,
    }
}

/// The server's own troubles, and being asked to slow down, pass with time.
fn may_pass(status: StatusCode) -> bool {
    status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS
}

/// The HTTP client, shared by all fetches. Its time-out lies here and not on the task: a request that is under way
/// on a thread can be ended by nobody but the client itself.
pub(crate) fn agent(proxies: bool) -> Agent {
    let mut config = Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(20)))
        .user_agent(concat!("orch-shoe-price/", env!("CARGO_PKG_VERSION")));
    if !proxies {
        config = config.proxy(None);
    }
    config.build().into()
}

/// Fetches a page. Not cached: the price may have changed. The client blocks, so the function is synchronous, and
/// its body runs on a thread where that disturbs nobody; between attempts it occupies none.
#[task(
    retries = 5,
    backoff = exponential("200ms", max = "30s", jitter),
    retry_if = worth_another_try
)]
pub(crate) fn fetch_page(url: &str, #[provided] agent: &Agent) -> Result<String, FetchError> {
    let (parts, mut body) = agent.get(url).call().map_err(FetchError::Transport)?.into_parts();
    if !parts.status.is_success() {
        return Err(FetchError::Status { status: parts.status, retry_after: retry_after(&parts) });
    }
    body.read_to_string().map_err(FetchError::Transport)
}

/// `Retry-After`, which is a number of seconds or a date; a date counts from the server's own `Date`.
fn retry_after(parts: &Parts) -> Option<Duration> {
    let text = |name| parts.headers.get(name)?.to_str().ok();
    let wait = text(header::RETRY_AFTER)?;
    if let Ok(seconds) = wait.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let then = httpdate::parse_http_date(wait).ok()?;
    let now = httpdate::parse_http_date(text(header::DATE)?).ok()?;
    Some(then.duration_since(now).unwrap_or_default())
}

/// Why a page has no price.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ParseError {
    #[error("`{0}` is not a CSS selector")]
    Selector(String),
    #[error("nothing on the page matches the selector `{0}`")]
    NoMatch(String),
    #[error("the first element that matches `{selector}` says {text:?}: {reason}")]
    NoPrice { selector: String, text: String, reason: NoPrice },
}

/// Reads the price in the first element that the selector matches. Cached: a page that has not changed is not read
/// again, in this run or another.
#[task(cache)]
pub(crate) fn parse_price(html: &str, selector: &str) -> Result<Cents, ParseError> {
    let compiled = Selector::parse(selector).map_err(|_| ParseError::Selector(selector.into()))?;
    let page = Html::parse_document(html);
    let element = page.select(&compiled).next();
    let element = element.ok_or_else(|| ParseError::NoMatch(selector.into()))?;
    let text: String = element.text().collect();
    Cents::in_text(&text).map_err(|reason| ParseError::NoPrice {
        selector: selector.into(),
        text: text.split_whitespace().collect::<Vec<_>>().join(" "),
        reason,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(code: u16, retry_after: Option<Duration>) -> Retry {
        worth_another_try(&FetchError::Status { status: StatusCode::from_u16(code).unwrap(), retry_after })
    }

    #[test]
    fn only_what_may_pass_is_tried_again() {
        assert_eq!(answer(500, None), Retry::Yes);
        let wait = Duration::from_secs(7);
        assert_eq!(answer(503, Some(wait)), Retry::After(wait));
        assert_eq!(answer(429, Some(wait)), Retry::After(wait));
        assert_eq!(answer(404, None), Retry::Stop("there is no such page".into()));
        assert!(matches!(answer(403, Some(wait)), Retry::Stop(reason) if reason.contains("403")));
        let refused = ureq::Error::from(std::io::Error::from(std::io::ErrorKind::ConnectionRefused));
        assert_eq!(worth_another_try(&FetchError::Transport(refused)), Retry::Yes);
        assert!(matches!(
            worth_another_try(&FetchError::Transport(ureq::Error::BadUri(String::new()))),
            Retry::Stop(_)
        ));
    }

    fn wait(retry_after: &str, date: Option<&str>) -> Option<Duration> {
        let mut response = ureq::http::Response::builder().header(header::RETRY_AFTER, retry_after);
        if let Some(date) = date {
            response = response.header(header::DATE, date);
        }
        super::retry_after(&response.body(()).unwrap().into_parts().0)
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let noon = "Mon, 05 Jan 2026 12:00:00 GMT";
        let soon = "Mon, 05 Jan 2026 12:00:30 GMT";
        assert_eq!(wait("2", None), Some(Duration::from_secs(2)));
        assert_eq!(wait(soon, Some(noon)), Some(Duration::from_secs(30)));
        assert_eq!(wait(noon, Some(soon)), Some(Duration::ZERO));
        assert_eq!(wait(soon, None), None);
        assert_eq!(wait("soon", Some(noon)), None);
    }

    async fn read(html: &str, selector: &str) -> Result<Cents, String> {
        let plain = parse_price(html, selector).untracked().await;
        plain.map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn the_selector_chooses_the_element() {
        let page = "<p class=old>€ 200</p><div id=shoe>Now <b class=price>\n €&nbsp;119,\n<sup>90</sup></b></div>\
                    <b class=price>€ 9</b><b class=none>sold out</b>";
        assert_eq!(read(page, ".old").await, Ok(Cents(20_000)));
        assert_eq!(read("<b class=price>$<i>1,029</i><i>.90</i></b>", ".price").await, Ok(Cents(102_990)));
        assert_eq!(
            read(page, ".price ~ .none").await,
            Err("the first element that matches `.price ~ .none` says \"sold out\": there is no price in it"
                .into())
        );
        assert_eq!(read(page, "#hat").await, Err("nothing on the page matches the selector `#hat`".into()));
        assert_eq!(read(page, "p[").await, Err("`p[` is not a CSS selector".into()));
    }
}
