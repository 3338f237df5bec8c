use orch::flow;

#[flow(cron = "*/90 * * * *")]
async fn f() {}

#[flow(cron = "*/0 * * * *")]
async fn g() {}

#[flow(cron = "0 */x * * *")]
async fn h() {}

fn main() {}
