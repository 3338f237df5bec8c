use orch::flow;

#[flow(every = "5m", catch_up = lats, overlap = "skip")]
async fn f() {}

#[flow(every = "5m", overlap = replace)]
async fn g() {}

fn main() {}
