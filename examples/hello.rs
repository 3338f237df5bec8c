//! The smallest flow: `cargo run --example hello`.

#![expect(clippy::print_stdout, reason = "printing is what this program is for")]

use orch::prelude::*;

#[task(retries = 2)]
async fn greet(name: &str) -> String {
    format!("Hello, {name}!")
}

#[flow]
async fn hello(names: Vec<String>) -> Result<Vec<String>, Error> {
    orch::try_map(names, |name| async move { greet(&name).await }).await
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let greetings = hello(vec!["world".into(), "orch".into()]).await?;
    println!("{}", greetings.join("\n"));
    Ok(())
}
