use orch::flow;

#[flow(cron = "60 61 24 0 13 8")]
async fn f() {}

fn main() {}
