use orch::task;

#[task(rate = "100")]
async fn f(x: u8) -> u8 {
    x
}

#[task(rate = "many/min")]
async fn g(x: u8) -> u8 {
    x
}

#[task(rate = "0/min")]
async fn h(x: u8) -> u8 {
    x
}

#[task(rate = "10/week")]
async fn i(x: u8) -> u8 {
    x
}

#[task(rate = "10/5")]
async fn j(x: u8) -> u8 {
    x
}

fn main() {}
