use orch::flow;

#[flow("nightly")]
async fn f(x: u8) -> u8 {
    x
}

fn main() {}
