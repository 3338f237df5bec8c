use orch::task;

#[task(limit = "my api")]
async fn f(x: u8) -> u8 {
    x
}

#[task(limit = "api_per_key")]
async fn g(x: u8) -> u8 {
    x
}

fn main() {}
