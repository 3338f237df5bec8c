//! A shop's orders, shared by the examples `etl` and `elt`: a server that has them, the tasks that fetch them, and what a
//! day comes to.

pub(crate) mod client;
pub(crate) mod data;
pub(crate) mod report;
pub(crate) mod server;
