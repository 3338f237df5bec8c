//! What happened, in a file outside the store. A line is written at once and with one call, so that a killed process
//! leaves all of them, in the order in which they came.

use std::{fs::File, io::Write, path::Path};

use super::programs::Got;

pub struct Effects(File);

impl Effects {
    pub fn open(dir: &Path) -> Self {
        Self(File::options().create(true).append(true).open(dir.join("effects")).unwrap())
    }

    pub fn read(dir: &Path) -> String {
        std::fs::read_to_string(dir.join("effects")).unwrap()
    }

    pub fn write(&self, line: &str) {
        (&self.0).write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    /// A body has begun.
    pub fn begin(&self, of: u64) {
        let context = orch::ctx();
        let (run, task) = (context.run().unwrap(), context.task_number().unwrap());
        let key = orch::idempotency_key().unwrap();
        self.write(&format!("begin {run} {} {key} {} {of}", task.0, context.attempt()));
    }

    /// A body is about to give this.
    pub fn end(&self, got: Got) {
        self.write(&format!("end {} {}", got.of, got.nonce));
    }

    /// What calls gave is in somebody's hands: of the program's next body, or of its caller.
    pub fn uses(&self, program: u64, first: u64, all: &[Got]) {
        let used = (first..).zip(all).map(|(place, got)| format!(" {place}:{}:{}", got.of, got.nonce));
        self.write(&format!("uses {program}{}", used.collect::<String>()));
    }
}
