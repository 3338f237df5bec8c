use orch::task;

struct Broken;

#[task]
async fn f(id: u8) -> Result<u8, Broken> {
    Ok(id)
}

fn main() {}
