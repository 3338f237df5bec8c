use orch::flow;

#[flow]
async fn etl() {}

#[flow(depends_on = etl)]
async fn depends_on() {}

#[flow(on_failure = etl)]
async fn on_failure() {}

#[flow(trigger = event("order paid"))]
async fn trigger() {}

#[flow(completed(etl))]
async fn completed() {}

#[flow(on(completed(etl)))]
async fn parentheses() {}

#[flow(on = event("order paid"), filter = |id: &u64| *id > 7)]
async fn filter_outside() {}

fn main() {}
