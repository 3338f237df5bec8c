use orch::flow;

#[flow(cron = "0 9 * * *", anchor = "2026-01-01 06:30")]
async fn f() {}

#[flow(every = "5m", tz = "Europe/Berlin")]
async fn g() {}

#[flow(every = "5m", jitter = "10m")]
async fn h() {}

#[flow(every = "5m", max_runs = 0)]
async fn i() {}

fn main() {}
