use orch::task;

#[task(cache(key = |ulr| ulr.len()))]
async fn f(url: &str) -> usize {
    url.len()
}

fn main() {}
