use orch::flow;

#[flow(cron = "0 9 * *")]
async fn f() {}

#[flow(cron = "0 0 9 * * MON 2026")]
async fn g() {}

#[flow(cron = "TZ=Europe/Berlin 0 9 * * *")]
async fn h() {}

#[flow(cron = "")]
async fn i() {}

fn main() {}
