use orch::flow;

#[flow(cron = "0 9 * * *", tz = "Europe/Berlin", dst = skip)]
async fn f() {}

#[flow(cron = "0 9 * * *", tz = "Europe/Berlin", dst(missing = both, doubled = frist))]
async fn g() {}

#[flow(cron = "0 9 * * *", dst(missing = skip))]
async fn h() {}

#[flow(every = "5m", dst(missing = skip))]
async fn i() {}

fn main() {}
