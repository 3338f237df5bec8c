use orch::{flow, task};

#[flow(limit = "api", rate = "1/s")]
async fn f(x: u8) -> u8 {
    x
}

#[task(max_concurrent = 3)]
async fn g(x: u8) -> u8 {
    x
}

fn main() {}
