//! What counts as a `Result`, and which errors are taken.

use std::{error::Error, fmt, io};

use orch::task;

#[derive(Debug)]
struct ShopError;

impl fmt::Display for ShopError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("closed")
    }
}

impl Error for ShopError {}

#[derive(serde::Serialize, serde::Deserialize)]
struct SearchResult<T>(T);

type Answer = Result<u8, ShopError>;

#[task]
fn nothing() {}

#[task]
async fn unit() -> () {}

#[task]
fn value(x: u8) -> Vec<u8> {
    vec![x]
}

#[task]
fn data(x: u8) -> SearchResult<u8> {
    SearchResult(x)
}

#[task]
fn typed(x: u8) -> Result<u8, ShopError> {
    Ok(x)
}

#[task]
fn qualified(x: u8) -> std::result::Result<u8, String> {
    Ok(x)
}

#[task]
fn boxed(x: u8) -> Result<u8, Box<dyn Error + Send + Sync + 'static>> {
    Ok(x)
}

#[task]
fn text(x: u8) -> Result<u8, &'static str> {
    Ok(x)
}

#[task]
async fn any(x: u8) -> anyhow::Result<u8> {
    Ok(x)
}

#[task]
async fn of_io(x: u8) -> io::Result<u8> {
    Ok(x)
}

#[task]
async fn of_fmt() -> fmt::Result {
    Ok(())
}

#[task]
async fn optional(x: u8) -> Option<Result<u8, String>> {
    Some(Ok(x))
}

#[task(fallible)]
async fn alias(x: u8) -> Answer {
    Ok(x)
}

async fn caller() -> Result<(), orch::Error> {
    let (): () = nothing().await?;
    let (): () = unit().await?;
    let SearchResult(found): SearchResult<u8> = data(value(1).await?[0]).await?;
    let _: Result<u8, String> = optional(found).await?.ok_or(()).map_err(drop).unwrap_or(Ok(1));
    let numbers: [u8; 5] =
        [typed(1).await?, qualified(1).await?, boxed(1).await?, text(1).await?, alias(1).await?];
    let _: u8 = any(numbers[0]).await? + of_io(1).await?;
    let (): () = of_fmt().await?;
    Ok(())
}
