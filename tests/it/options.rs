//! Every option of `#[task]`, `#[flow]` and of one call: each test fails when its option is removed.

mod cache;
mod call;
mod flow;
mod retry;
mod schedule;
mod task;
