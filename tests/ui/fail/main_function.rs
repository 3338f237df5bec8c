use orch::flow;

#[flow]
async fn main() {}
