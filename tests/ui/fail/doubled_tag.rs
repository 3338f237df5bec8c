use orch::flow;

#[flow(tags("shop", "nightly", "shop"))]
async fn f(x: u8) -> u8 {
    x
}

fn main() {}
