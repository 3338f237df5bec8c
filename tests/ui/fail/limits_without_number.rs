use orch::task;

#[task(limits(api))]
async fn f(x: u8) -> u8 {
    x
}

#[task(limits())]
async fn g(x: u8) -> u8 {
    x
}

#[task(limits(api = 1 + 1))]
async fn h(x: u8) -> u8 {
    x
}

fn main() {}
