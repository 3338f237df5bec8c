use orch::flow;

#[flow]
async fn etl() {}

#[flow(on = completed("etl"))]
async fn after() {}

#[flow(on = failed("the nightly etl"))]
async fn after_failures() {}

#[flow(on = "order paid")]
async fn no_kind() {}

#[flow(on = completed(etl()))]
async fn called() {}

#[flow(on = completed)]
async fn of_nothing() {}

#[flow(on = completed())]
async fn of_nobody() {}

#[flow(on = completed(etl::<u8>))]
async fn with_types() {}

fn main() {}
