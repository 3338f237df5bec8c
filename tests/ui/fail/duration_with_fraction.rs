use orch::task;

#[task(timeout = "1.5s")]
async fn f(x: u8) -> u8 {
    x
}

fn main() {}
