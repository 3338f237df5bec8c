//! Processes that are killed at every point on the way of what starts runs to the disk: whatever is to start a run has
//! started exactly one when the next process has gone on.

mod absence;
mod backfill;
mod ends;
mod events;
mod flows;
mod harness;
mod ticks;
