use orch::flow;

#[flow]
async fn etl() {}

#[flow(on = complete(etl))]
async fn misspelt() {}

#[flow(on = success(etl))]
async fn success() {}

#[flow(on = failure(etl))]
async fn failure() {}

#[flow(on = finished(etl))]
async fn finished() {}

#[flow(on = done(etl))]
async fn done() {}

#[flow(on = after(etl))]
async fn after() {}

#[flow(on = cron("0 9 * * *"))]
async fn cron() {}

#[flow(on = slow(etl, 2))]
async fn slow() {}

#[flow(on = etl)]
async fn no_kind() {}

fn main() {}
