//! Maps and branches.

use orch::prelude::*;

use crate::tasks::{compute, follow, work};

#[flow]
async fn mapped() -> Result<u64, Error> {
    let values = orch::try_map(0..6, |n| async move { follow(work(n).await?).await }).concurrency(3).await?;
    follow(values.iter().sum()).await
}

#[flow]
async fn map_in_map() -> Result<u64, Error> {
    let rows = orch::try_map(0..3, |row| async move {
        let cells = orch::try_map(0..3, |cell| async move {
            let value = work(row * 3 + cell).await?;
            compute(value).await
        });
        let cells = cells.concurrency(2).await?;
        follow(cells.iter().sum()).await
    });
    let rows = rows.concurrency(2).await?;
    Ok(rows.iter().sum())
}

#[flow]
async fn branches() -> Result<u64, Error> {
    let started: Vec<_> = (0..4)
        .map(|n| {
            orch::spawn(async move {
                let first = work(n).await?;
                let inner = orch::spawn(async move { follow(first).await });
                Ok::<_, Error>(first + inner.await??)
            })
        })
        .collect();
    let mut sum = 0;
    for branch in started {
        sum += branch.await??;
    }
    follow(sum).await
}

crate::matrix! {
    map gives "157": mapped();
    maps_in_maps gives "20403": map_in_map();
    spawned_branches gives "125": branches();
}
