//! The store on disk.

mod blobs;
