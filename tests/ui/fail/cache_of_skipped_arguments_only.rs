use orch::task;

#[task(cache, skip(x))]
async fn f(x: u8) -> u8 {
    x
}

fn main() {}
