use orch::task;

#[task(timeout = "10")]
async fn f(x: u8) -> u8 {
    x
}

fn main() {}
