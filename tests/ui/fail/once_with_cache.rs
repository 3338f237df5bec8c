use orch::task;

#[task(cache, once)]
fn f(x: u8) -> u8 {
    x
}

fn main() {}
