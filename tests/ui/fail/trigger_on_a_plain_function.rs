use orch::{flow, task};

fn helper(x: u8) -> u8 {
    x
}

#[task]
async fn work(x: u8) -> u8 {
    helper(x)
}

#[flow(on = completed(helper))]
async fn after_a_function(x: u8) {
    let _ = x;
}

#[flow(on = failed(work))]
async fn after_a_task(why: String) {
    let _ = why;
}

#[flow(on = completed(nobody))]
async fn after_nobody() {}

fn main() {}
