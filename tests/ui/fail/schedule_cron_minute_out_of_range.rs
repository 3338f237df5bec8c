use orch::flow;

#[flow(cron = "61 * * * *")]
async fn f() {}

fn main() {}
