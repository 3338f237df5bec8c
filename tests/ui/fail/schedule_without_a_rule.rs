use orch::flow;

#[flow(catch_up = all)]
async fn f() {}

#[flow(schedule(name = "mornings", tz = "Europe/Berlin"))]
async fn g() {}

fn main() {}
