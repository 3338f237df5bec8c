use orch::task;

#[task(per = |x| *x)]
async fn f(x: u8) -> u8 {
    x
}

fn main() {}
