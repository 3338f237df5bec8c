use orch::task;

#[task(cron = "0 9 * * *")]
async fn f() {}

#[task(schedule(every = "5m"))]
async fn g() {}

fn main() {}
