use orch::flow;

#[flow(cron = "0 9 * * *", every = "5m")]
async fn f() {}

#[flow(schedule(name = "both", at = "2026-12-24", cron = "0 9 * * *"))]
async fn g() {}

fn main() {}
