use orch::task;

#[task(inline, timeout = "1s")]
fn f(x: u8) -> u8 {
    x
}

fn main() {}
