//! What the attributes write, pretty-printed, one file per shape in `snapshots/`.
//!
//! `UPDATE_EXPECT=1 cargo test -p orch-macros` writes the files anew; the difference is reviewed like code.

use expect_test::{ExpectFile, expect_file};
use proc_macro2::TokenStream;

use crate::annotate::annotate;
use crate::model::Kind;

fn check(kind: Kind, attribute: &str, item: &str, expected: ExpectFile) {
    let lex = |text: &str| text.parse::<TokenStream>().unwrap_or_else(|error| panic!("{error}"));
    let written = annotate(kind, lex(attribute), lex(item));
    let text = match syn::parse2::<syn::File>(written.clone()) {
        Ok(file) => prettyplease::unparse(&file),
        // A body that does not parse is printed as it is, which is what its snapshot shows.
        Err(_) => format!("{written}\n"),
    };
    expected.assert_eq(&text);
}

fn task(attribute: &str, item: &str, expected: ExpectFile) {
    check(Kind::Task, attribute, item, expected);
}

fn flow(attribute: &str, item: &str, expected: ExpectFile) {
    check(Kind::Flow, attribute, item, expected);
}

#[test]
fn the_first_page() {
    task(
        "",
        "/// Reads the price.\n pub async fn find_price(url: &str) -> anyhow::Result<u32> { fetch(url).await }",
        expect_file!["../snapshots/task_async.rs"],
    );
    task(
        "inline, once",
        "fn within_budget(price: u32, budget: u32) -> bool { price <= budget }",
        expect_file!["../snapshots/task_sync.rs"],
    );
    flow(
        "strict, timeout = \"1h30m\", tags(\"shop\", \"price\")",
        "async fn watch_price(url: String, budget: u32) -> anyhow::Result<bool> { Ok(url.len() as u32 > budget) }",
        expect_file!["../snapshots/flow_async.rs"],
    );
    flow("", "fn tidy() {}", expect_file!["../snapshots/flow_sync_unit.rs"]);
}

#[test]
fn schedules() {
    flow(
        "cron = \"0 9 * * MON-FRI\", tz = \"Europe/Berlin\", with(url = \"https://shop.example/1\", budget = 120)",
        "async fn watch_price(url: String, budget: u32) -> anyhow::Result<bool> { Ok(url.len() as u32 > budget) }",
        expect_file!["../snapshots/flow_scheduled.rs"],
    );
    flow(
        "every = \"5m\", jitter = \"30s\", schedule(name = \"eve\", at = [\"2026-12-24 18:00\", \"2026-12-31\"], \
         tz = \"Europe/Berlin\", dst(missing = skip, doubled = both), catch_up = all, max_late = \"1h\", overlap = queue, \
         until = \"2027-01-01\", max_runs = 3), schedule(name = \"counted\", every = \"1h\", anchor = \"2026-01-01 06:30\")",
        "fn tidy(#[provided] db: &Pool) {}",
        expect_file!["../snapshots/flow_with_every_schedule.rs"],
    );
}

#[test]
fn triggers() {
    flow(
        "on = event(\"order paid\", filter = |order: &Order| order.total > 100), with(currency = \"EUR\")",
        "async fn ship(id: u64, note: &str, currency: String, #[provided] db: &Pool) { }",
        expect_file!["../snapshots/flow_on_an_event.rs"],
    );
    flow(
        "cron = \"@daily\", with(what = 1u8), on = completed(jobs::etl), on = failed(etl, with(what = 2u8)), \
         on = absent(\"heartbeat\", \"1h30m\", with(what = 3u8)), on = file(\"incoming/*.csv\"), \
         on = file(\"incoming/*.json\", settle = \"2s\", filter = is_small), on = overrun(etl, 3)",
        "fn check(what: u8) {}",
        expect_file!["../snapshots/flow_with_every_trigger.rs"],
    );
    flow("on = completed(etl)", "fn tidy() {}", expect_file!["../snapshots/flow_on_completed.rs"]);
}

#[test]
fn warnings_about_the_body() {
    flow(
        "",
        "async fn wait() -> u8 { tokio::time::sleep(SECOND).await; work(1).await }",
        expect_file!["../snapshots/flow_with_a_bare_timer.rs"],
    );
}

#[test]
fn every_option() {
    task(
        "name = \"shop::price\", formerly = [\"a::price\", \"b::price\"], version = \"2\", retries = 3, \
         backoff = exponential(\"500ms\", max = \"30s\", jitter), retry_if = is_temporary, retry_budget = \"10m\", \
         timeout = \"10s\", cache(ttl = \"5m\", version = \"1\", key = |url, n: &u8| (url.len(), *n), scope = run, \
         max_size = \"2GiB\"), skip(progress), error = ShopError, tags(\"shop\"), crate = ::shop::orch",
        "async fn find_price(url: &str, n: u8, progress: &Progress) -> Result<u32, ShopError> { Ok(url.len() as u32) }",
        expect_file!["../snapshots/every_option.rs"],
    );
    task(
        "retries = 2, backoff = [\"0s\", \"5s\", jitter], cache(depends(parse, clean::all))",
        "fn count(page: &Page) -> usize { 1 }",
        expect_file!["../snapshots/backoff_list_and_depends.rs"],
    );
    task(
        "limits(api = 1, \"shop-memory\" = \"2GiB\", gpu = |attempt| attempt * 2), rate = \"100/min\", \
         per = |user| user.to_owned(), priority = -5",
        "async fn ask(user: &str, question: String) -> String { question }",
        expect_file!["../snapshots/limits.rs"],
    );
    flow("max_concurrent = 3", "fn tidy() {}", expect_file!["../snapshots/flow_max_concurrent.rs"]);
}

#[test]
fn parameters() {
    task(
        "skip(progress)",
        "async fn f(mut a: Vec<u8>, (b, c): (u8, u8), _: u8, #[allow(unused)] r#type: &[u8], progress: Progress, \
         #[provided] db: &Pool, #[provided] client: Client) { }",
        expect_file!["../snapshots/parameters.rs"],
    );
}

#[test]
fn generics() {
    task(
        "",
        "async fn f<T: Clone, const N: usize>(x: [T; N]) -> Vec<T> where T: Send + Sync + 'static { x.to_vec() }",
        expect_file!["../snapshots/generic.rs"],
    );
}

#[test]
fn results_under_other_names() {
    task("fallible", "fn f() -> Answer { Ok(1) }", expect_file!["../snapshots/fallible_alias.rs"]);
    task(
        "",
        "fn f() -> std::fmt::Result { Ok(()) }",
        expect_file!["../snapshots/result_without_arguments.rs"],
    );
}

#[test]
fn attributes_go_where_they_belong() {
    task(
        "",
        "/// Docs.\n #[inline] #[allow(clippy::all)] #[tracing::instrument] #[cfg(unix)] #[must_use] \
         #[deprecated(note = \"x\")] pub(crate) fn r#match() -> u8 { 1 }",
        expect_file!["../snapshots/attributes.rs"],
    );
}

#[test]
fn the_function_survives_every_mistake() {
    task(
        "retrise = 3, timeout = \"10\", tags(\"kept\")",
        "async fn bad_options(x: u8) -> u8 { x }",
        expect_file!["../snapshots/bad_options.rs"],
    );
    task(
        "",
        "async fn method(&self, url: &'static str) -> Result<u8, String> { Ok(1) }",
        expect_file!["../snapshots/stand_in_self.rs"],
    );
    task(
        "",
        "unsafe fn borrowed<'a>(x: &'a mut u8) -> &'a u8 { x }",
        expect_file!["../snapshots/stand_in_borrows.rs"],
    );
    task("", "fn anything() -> impl Clone { 1 }", expect_file!["../snapshots/stand_in_impl_trait.rs"]);
    task("", "struct NoFunction { x: u8 }", expect_file!["../snapshots/echo.rs"]);
    task("", "fn typing(x: u8) -> u8 { x. }", expect_file!["../snapshots/unfinished_body.txt"]);
}
