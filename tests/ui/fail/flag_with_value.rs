use orch::flow;

#[flow(strict = true)]
async fn f(x: u8) -> u8 {
    x
}

fn main() {}
