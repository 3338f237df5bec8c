use orch::flow;

#[flow(cron = "0 0 30 2 *")]
async fn f() {}

#[flow(cron = "0 0 31 4,6,SEP *")]
async fn g() {}

#[flow(cron = "0 0 */29 * MON#2")]
async fn h() {}

fn main() {}
