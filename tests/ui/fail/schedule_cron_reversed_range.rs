use orch::flow;

#[flow(cron = "0 22-2 * * *")]
async fn f() {}

#[flow(cron = "0 9 * * FRI-MON")]
async fn g() {}

fn main() {}
