use orch::task;

#[task(cache, ttl = "5m")]
async fn f(x: u8) -> u8 {
    x
}

fn main() {}
