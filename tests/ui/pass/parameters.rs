//! By value, by reference, patterns, raw names, values of the runtime, skipped ones.

use std::path::Path;

use orch::task;
use serde::{Deserialize, Serialize};

#[derive(Clone, Serialize, Deserialize)]
struct Page {
    text: String,
}

#[derive(Clone)]
struct Progress;

#[derive(Clone)]
struct Pool;

#[task]
async fn values(mut list: Vec<u8>, (a, b): (u8, u8), _: u8, Page { text }: Page) -> usize {
    list.push(a + b);
    list.len() + text.len()
}

#[task]
async fn references(text: &str, bytes: &[u8], path: &Path, page: &Page, (a, b): &(u8, u8)) -> usize {
    text.len() + bytes.len() + path.as_os_str().len() + page.text.len() + usize::from(a + b)
}

#[task]
fn raw(r#type: &str, r#match: u8) -> usize {
    r#type.len() + usize::from(r#match)
}

#[task(skip(progress, done))]
async fn skipped(id: u8, progress: &Progress, done: fn(&str)) -> u8 {
    let Progress = progress;
    done("x");
    id
}

#[task]
async fn provided(#[provided] pool: &Pool, id: u8, #[provided] own: Pool) -> u8 {
    let (Pool, Pool) = (pool, own);
    id
}

#[rustfmt::skip]
#[task]
#[expect(clippy::too_many_arguments)]
fn sixteen(
    a: u8, b: u8, c: u8, d: u8, e: u8, f: u8, g: u8, h: u8,
    i: u8, j: u8, k: u8, l: u8, m: u8, n: u8, o: u8, p: u8, #[provided] pool: &Pool,
) -> u8 {
    let Pool = pool;
    a + b + c + d + e + f + g + h + i + j + k + l + m + n + o + p
}

async fn caller() -> Result<(), orch::Error> {
    let page = Page { text: "x".into() };
    values(vec![], (1, 2), 3, page.clone()).await?;
    references("x", &[1], Path::new("x"), &page, &(1, 2)).await?;
    raw("x", 1).await?;
    skipped(1, &Progress, |_| {}).await?;
    provided(1).await?;
    sixteen(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15).await?;
    Ok(())
}
