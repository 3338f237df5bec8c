use orch::task;

#[task(cache(key = || 1))]
async fn f(x: u8) -> u8 {
    x
}

fn main() {}
