use orch::task;

#[task(limit = "api", per = |usr| usr.len())]
async fn f(user: &str) -> usize {
    user.len()
}

#[task(limit = "api", per = || 1)]
async fn g(x: u8) -> u8 {
    x
}

fn main() {}
