use orch::task;

#[task]
unsafe fn f(x: u8) -> u8 {
    x
}

async fn caller() -> Result<u8, orch::Error> {
    unsafe { f(1) }.await
}

fn main() {}
