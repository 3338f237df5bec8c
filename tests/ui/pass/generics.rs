//! Type and const parameters, with bounds in both places.

use orch::{flow, task};
use serde::{Serialize, de::DeserializeOwned};

trait Data: Serialize + DeserializeOwned + Clone + Send + Sync + 'static {}

impl<T: Serialize + DeserializeOwned + Clone + Send + Sync + 'static> Data for T {}

#[task]
async fn echo<T: Data>(value: T) -> T {
    value
}

#[task(retries = 1)]
fn parse<T>(text: &str) -> Result<T, String>
where
    T: Data + std::str::FromStr,
    T::Err: std::fmt::Display,
{
    text.parse().map_err(|error: T::Err| error.to_string())
}

#[task]
async fn chunks<T, const N: usize>(list: &[T]) -> Vec<Vec<T>>
where
    T: Data,
{
    list.chunks(N).map(<[T]>::to_vec).collect()
}

#[flow]
async fn run<T: Data>(value: T) -> Result<T, orch::Error> {
    echo(value).await
}

async fn caller() -> Result<(), orch::Error> {
    let _: u8 = echo(1).await?;
    let _ = parse::<u32>("1").await?;
    let _: Vec<Vec<String>> = chunks::<String, 2>(&[]).await?;
    let call: orch::Call<u8, orch::Flow> = run(1);
    call.await?;
    Ok(())
}
