use std::collections::HashSet;

use orch::task;

#[task(retrise = 3, timeout = "10", cache(scope = everywhere, max_size = "1G"), tags("a" "b"), inline)]
async unsafe fn f<'a>(ids: HashSet<u8>, text: &'a str, list: &mut Vec<u8>) -> Option<&'a str> {
    Some(text)
}

async fn caller() -> Result<(), orch::Error> {
    unsafe { f(HashSet::new(), "x", &mut vec![]) }.retries(3).await?;
    Ok(())
}

fn main() {}
