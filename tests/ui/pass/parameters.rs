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

trait Db: Send + Sync {
    fn rows(&self) -> u64;
}

struct Rows(u64);

impl Db for Rows {
    fn rows(&self) -> u64 {
        self.0
    }
}

#[task]
async fn behind_a_trait(factor: u64, #[provided] db: &dyn Db) -> u64 {
    std::future::ready(()).await;
    factor * db.rows()
}

trait Plain {}

#[task]
async fn bounds_named_at_the_parameter(#[provided] plain: &(dyn Plain + Send + Sync)) -> bool {
    let _: &dyn Plain = plain;
    true
}

#[task]
async fn behind_an_arc(#[provided] db: std::sync::Arc<dyn Db>) -> u64 {
    db.rows()
}

#[rustfmt::skip]
#[task(skip(progress))]
#[expect(clippy::too_many_arguments)]
fn sixteen_with_a_skipped_one(
    a: u8, b: u8, c: u8, d: u8, e: u8, f: u8, g: u8, h: u8,
    i: u8, j: u8, k: u8, l: u8, m: u8, n: u8, o: u8, progress: Progress,
) -> u8 {
    let Progress = progress;
    a + b + c + d + e + f + g + h + i + j + k + l + m + n + o
}

#[task(cache(depends(sixteen, sixteen_with_a_skipped_one, behind_a_trait)))]
fn depends_on_sixteen() {}

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
    behind_a_trait(1).await?;
    bounds_named_at_the_parameter().await?;
    behind_an_arc().await?;
    depends_on_sixteen().await?;
    sixteen(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15).await?;
    Ok(())
}
