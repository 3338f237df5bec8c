use orch::flow;

#[flow(max_concurrent = 0)]
async fn f(x: u8) -> u8 {
    x
}

#[flow(max_concurrent = "3")]
async fn g(x: u8) -> u8 {
    x
}

fn main() {}
