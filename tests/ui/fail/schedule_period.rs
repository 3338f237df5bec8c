use orch::flow;

#[flow(every = "0s")]
async fn f() {}

#[flow(every = "5 minutes")]
async fn g() {}

#[flow(every = 300)]
async fn h() {}

fn main() {}
