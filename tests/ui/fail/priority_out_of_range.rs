use orch::task;

#[task(limit = "api", priority = 1000)]
async fn f(x: u8) -> u8 {
    x
}

#[task(limit = "api", priority = "high")]
async fn g(x: u8) -> u8 {
    x
}

fn main() {}
