use orch::flow;

#[flow]
async fn f() -> ! {
    loop {}
}

async fn caller() -> Result<(), orch::Error> {
    let _nothing = f().await?;
    Ok(())
}

fn main() {}
