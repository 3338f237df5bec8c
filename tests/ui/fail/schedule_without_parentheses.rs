use orch::flow;

#[flow(schedule = "0 9 * * *")]
async fn f() {}

fn main() {}
