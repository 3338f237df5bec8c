//! The options of `cache`.

use orch::task;

#[task(cache)]
fn plain(x: u8) -> u8 {
    x
}

#[task(cache())]
fn empty_parentheses() -> u8 {
    1
}

#[task(cache(ttl = "5m", scope = run, max_size = "100MB", depends(plain, self::keyed, generic::<u8>)))]
fn everything(x: u8) -> u8 {
    x
}

#[task(cache(version = "1", scope = flow, max_size = "2GiB"), version = "2")]
fn versions(x: u8) -> u8 {
    x
}

#[task(cache(key = |url, n| (url.to_lowercase(), *n), scope = global), skip(progress))]
async fn keyed(url: &str, n: u32, progress: u8) -> usize {
    url.len() + n as usize + usize::from(progress)
}

#[task(cache(key = |list: &Vec<u8>| list.len()))]
async fn keyed_with_a_type(list: Vec<u8>) -> usize {
    list.len()
}

#[task(cache(key = |r#type| r#type.len()))]
fn keyed_by_a_raw_name(r#type: &[u8]) -> usize {
    r#type.len()
}

#[task(cache(key = |value| value))]
fn generic<T>(value: T) -> usize
where
    T: serde::Serialize + serde::de::DeserializeOwned + Clone + Send + Sync + 'static,
{
    size_of_val(&value)
}

async fn caller() -> Result<(), orch::Error> {
    plain(1).await?;
    empty_parentheses().await?;
    everything(1).await?;
    versions(1).await?;
    keyed("x", 1, 2).await?;
    keyed_with_a_type(vec![]).await?;
    keyed_by_a_raw_name(&[]).await?;
    generic(1u8).await?;
    Ok(())
}
