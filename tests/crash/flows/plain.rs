//! One after the other.

use orch::prelude::*;

use crate::tasks::{add, compute, follow, large, whole, work};

#[flow]
async fn sequence() -> Result<u64, Error> {
    let mut sum = 0;
    for n in 0..4 {
        sum += work(n).await?;
    }
    Ok(sum)
}

/// Equal calls are told apart by how often they came before.
#[flow]
async fn equal_calls() -> Result<u64, Error> {
    Ok(work(5).await? + work(5).await? + follow(work(5).await?).await?)
}

#[flow]
async fn synchronous() -> Result<u64, Error> {
    let (a, b) = tokio::try_join!(compute(3), compute(4))?;
    compute(a + b).await
}

#[flow]
async fn large_values() -> Result<u64, Error> {
    let numbers = large(3).await?;
    add(numbers).await
}

#[flow]
async fn task_in_task() -> Result<u64, Error> {
    let (a, b) = tokio::try_join!(whole(1), whole(2))?;
    follow(a + b).await
}

#[flow]
async fn steps() -> Result<u64, Error> {
    let mut sum = 0;
    for n in 1..4u64 {
        sum += orch::step("double", n, |n| async move { Ok::<_, std::io::Error>(n * 2) }).await?;
    }
    follow(sum).await
}

crate::matrix! {
    a_sequence gives "60": sequence();
    calls_that_are_equal gives "151": equal_calls();
    synchronous_bodies gives "625": synchronous();
    values_in_files_of_their_own gives "149985000": large_values();
    tasks_that_call_tasks gives "67": task_in_task();
    steps_without_a_function gives "13": steps();
}
