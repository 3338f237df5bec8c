use orch::flow;

#[flow(backoff = fixed("1s"))]
async fn f(x: u8) -> u8 {
    x
}

fn main() {}
