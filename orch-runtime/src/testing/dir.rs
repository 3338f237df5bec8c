//! A directory that goes with the test.

use std::path::PathBuf;

/// A place among the temporary files of its own, which is removed with everything in it.
pub(super) struct Dir(pub(super) PathBuf);

impl Dir {
    /// A name that nobody has; whoever uses it makes the directory.
    pub(super) fn new() -> Self {
        Self(std::env::temp_dir().join(format!("orch-test-{}", uuid::Uuid::now_v7())))
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        // What is left in the directory of temporary files is nobody's failure.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
