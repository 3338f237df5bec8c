//! Where functions may stand, and names that must not collide.

mod extract {
    use orch::task;

    #[task]
    pub(crate) async fn extract(x: u8) -> u8 {
        x
    }

    #[task]
    pub(in crate::places) fn restricted(x: u8) -> u8 {
        x
    }
}

use extract::extract;
use orch::{flow, task};

struct Shop;

impl Shop {
    /// A function of a type is free of `self`.
    #[task]
    pub async fn open(hour: u8) -> bool {
        hour > 8
    }
}

#[task]
async fn fibonacci(n: u64) -> Result<u64, orch::Error> {
    if n < 2 { Ok(n) } else { Ok(fibonacci(n - 1).await? + fibonacci(n - 2).await?) }
}

#[task]
fn r#match(x: u8) -> u8 {
    x
}

#[flow]
async fn outer() -> Result<u8, orch::Error> {
    #[task]
    async fn step(x: u8) -> u8 {
        x + 1
    }

    {
        #[task(name = "places::inner_step")]
        fn step(x: u8) -> u8 {
            x + 2
        }
        step(1).await?;
    }
    step(1).await
}

async fn caller() -> Result<(), orch::Error> {
    extract(1).await?;
    extract::restricted(1).await?;
    Shop::open(9).await?;
    fibonacci(3).await?;
    r#match(1).await?;
    outer().await?;
    let calls: Vec<orch::Call<u8>> = vec![extract(1), r#match(2)];
    drop(calls);
    Ok(())
}
