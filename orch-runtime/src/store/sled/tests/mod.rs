//! What only this store promises: that it is there again, whatever happened to the process, the disk or a byte.

mod bad_input;
mod conformance;
mod damage;
mod ended;
mod kill;
mod long_runs;
mod model;
mod order;
mod reads;
mod sections;
mod strace;
mod support;
