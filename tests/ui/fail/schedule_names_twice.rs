use orch::flow;

#[flow(schedule(name = "mornings", cron = "0 9 * * *"), schedule(name = "mornings", cron = "0 10 * * *"))]
async fn f() {}

#[flow(cron = "0 9 * * *", schedule(cron = "0 10 * * *"))]
async fn g() {}

fn main() {}
