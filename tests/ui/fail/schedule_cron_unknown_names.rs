use orch::flow;

#[flow(cron = "0 9 * Sept Mno-Friday")]
async fn f() {}

#[flow(cron = "@dayly")]
async fn g() {}

#[flow(cron = "@reboot")]
async fn h() {}

#[flow(cron = "@every 5m")]
async fn i() {}

#[flow(cron = "five 9 * * *")]
async fn j() {}

fn main() {}
