use orch::flow;

#[flow(schedule(name = "mornings", corn = "0 9 * * *", zone = "Europe/Berlin"))]
async fn f() {}

#[flow(interval = "5m")]
async fn g() {}

fn main() {}
