use orch::flow;

#[flow(cron = "0,,30 9 * * *")]
async fn f() {}

#[flow(cron = "0 9- * * *")]
async fn g() {}

fn main() {}
