use orch::task;

fn helper(x: u8) -> u8 {
    x
}

#[task(cache(depends(helper)))]
async fn f(x: u8) -> u8 {
    helper(x)
}

fn main() {}
