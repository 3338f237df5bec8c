use orch::task;

#[task(on = event("order paid"))]
async fn f() {}

fn main() {}
