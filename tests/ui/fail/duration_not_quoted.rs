use orch::flow;

#[flow(timeout = 10)]
async fn f(x: u8) -> u8 {
    x
}

fn main() {}
