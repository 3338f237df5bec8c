use orch::flow;

#[flow(cron = "0 9 * * L")]
async fn f() {}

#[flow(cron = "0 9 * * FRI#6")]
async fn g() {}

#[flow(cron = "0 9 * * 15W")]
async fn h() {}

#[flow(cron = "0 9 5#2 * *")]
async fn i() {}

#[flow(cron = "? 9 L-31 * *")]
async fn j() {}

fn main() {}
