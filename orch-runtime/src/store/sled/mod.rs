//! The store on disk.

mod blobs;
mod cache;
