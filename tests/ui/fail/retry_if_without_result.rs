use orch::task;

fn is_temporary(_: &String) -> bool {
    true
}

#[task(retries = 3, retry_if = is_temporary)]
async fn f(x: u8) -> u8 {
    x
}

fn main() {}
