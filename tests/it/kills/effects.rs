//! What happened, in a file outside the store. A line is written at once and with one call, so that a killed process
//! leaves all of them, in the order in which they came.

use std::{
    fs::File,
    io::{Read, Seek, SeekFrom, Write},
    path::Path,
};

use super::programs::Got;

pub struct Effects(File);

impl Effects {
    pub fn open(dir: &Path) -> Self {
        Self(File::options().create(true).append(true).open(dir.join("effects")).unwrap())
    }

    /// How long the file is by now.
    pub fn len(&self) -> u64 {
        self.0.metadata().unwrap().len()
    }

    /// What was written from there on.
    pub fn read_from(dir: &Path, start: u64) -> String {
        let mut file = File::open(dir.join("effects")).unwrap();
        let mut text = String::new();
        file.seek(SeekFrom::Start(start)).unwrap();
        file.read_to_string(&mut text).unwrap();
        text
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
