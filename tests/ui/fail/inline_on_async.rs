use orch::task;

#[task(inline)]
async fn f(x: u8) -> u8 {
    x
}

fn main() {}
