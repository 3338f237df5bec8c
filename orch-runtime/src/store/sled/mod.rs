//! The store on disk.

mod blobs;
#[cfg_attr(not(test), expect(dead_code, unused_imports, reason = "the store that holds it comes next"))]
mod cache;
