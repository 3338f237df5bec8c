use orch::task;

#[task(limit = api)]
async fn f(x: u8) -> u8 {
    x
}

fn main() {}
