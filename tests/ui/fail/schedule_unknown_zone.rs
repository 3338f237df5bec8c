use orch::flow;

#[flow(cron = "0 9 * * *", tz = "Europe/Berlni")]
async fn f() {}

#[flow(cron = "0 9 * * *", tz = "berlin")]
async fn g() {}

#[flow(cron = "0 9 * * *", tz = "CEST+2")]
async fn h() {}

fn main() {}
