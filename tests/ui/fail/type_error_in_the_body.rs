use orch::task;

#[task(retries = 3)]
async fn f(x: u8) -> String {
    let text: String = x;
    text
}

fn main() {}
