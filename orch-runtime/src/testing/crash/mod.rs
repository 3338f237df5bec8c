//! A flow that is killed at every boundary of its changes, and resumed.

mod child;
mod judge;
mod role;
mod table;
mod test;
mod verdict;
mod workers;

pub use self::{
    table::{Boundary, CrashMatrix, Runs},
    test::{CrashTest, crash_matrix},
};
