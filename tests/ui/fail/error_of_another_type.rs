use orch::task;

#[task(error = String)]
async fn f(id: u8) -> Result<u8, std::fmt::Error> {
    Ok(id)
}

fn main() {}
