use orch::{flow, task};

#[flow(cache(ttl = "5m"))]
async fn f(x: u8) -> u8 {
    x
}

#[task(strict)]
async fn g(x: u8) -> u8 {
    x
}

#[flow(once)]
async fn h(x: u8) -> u8 {
    x
}

fn main() {}
