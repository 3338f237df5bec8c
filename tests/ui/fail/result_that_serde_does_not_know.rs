use orch::task;

struct Receipt;

#[task]
async fn f(id: u8) -> Result<Receipt, String> {
    let _ = id;
    Ok(Receipt)
}

fn main() {}
