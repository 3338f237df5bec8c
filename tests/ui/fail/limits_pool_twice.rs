use orch::task;

#[task(limits(api = 1, memory = "2GiB", api = 2))]
async fn f(x: u8) -> u8 {
    x
}

fn main() {}
