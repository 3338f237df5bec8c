use std::rc::Rc;

use orch::task;

#[task]
async fn f(id: u8) -> u8 {
    let shared = Rc::new(id);
    std::future::ready(()).await;
    *shared
}

fn main() {}
