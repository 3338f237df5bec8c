//! What the disk and sled take for the same, without anything of orch.

use std::{
    fs::{self, File},
    hint::black_box,
    io::{Seek, Write},
    path::Path,
    thread,
    time::{Duration, Instant},
};

use super::{Result, harness::directory};

/// About what a record of a small value needs.
const VALUE: [u8; 64] = [7; 64];

/// Opened like the store opens it: it flushes when it is told to.
fn open(dir: &Path) -> Result<(sled::Db, File)> {
    let config = sled::Config::new().path(dir).cache_capacity(128 << 20).flush_every_ms(None);
    // Helper threads of a database that was just closed may hold its lock for a moment.
    let mut opened = config.open();
    for _ in 0..200 {
        if opened.is_ok() {
            break;
        }
        thread::park_timeout(Duration::from_millis(5));
        opened = config.open();
    }
    let file = File::options().read(true).write(true).open(dir.join("db"))?;
    Ok((opened?, file))
}

/// One put, one flush and one `fdatasync` each.
pub(super) async fn puts(puts: u64, bytes: usize) -> Result<Duration> {
    let dir = directory()?;
    let (db, file) = open(&dir)?;
    let value = vec![7; bytes];
    let start = Instant::now();
    for n in 0..puts {
        db.insert(n.to_be_bytes(), &value[..])?;
        db.flush()?;
        file.sync_data()?;
    }
    Ok(start.elapsed())
}

/// The same puts in batches with one flush and one `fdatasync` each: what a group commit could reach at best.
pub(super) async fn batches(puts: u64, of: usize) -> Result<Duration> {
    let dir = directory()?;
    let (db, file) = open(&dir)?;
    let all: Vec<u64> = (0..puts).collect();
    let start = Instant::now();
    for group in all.chunks(of) {
        let mut batch = sled::Batch::default();
        group.iter().for_each(|n| batch.insert(&n.to_be_bytes(), &VALUE[..]));
        db.apply_batch(batch)?;
        db.flush()?;
        file.sync_data()?;
    }
    Ok(start.elapsed())
}

/// A record written in place and synced, `syncs` times; the time is that of `units` of them. In place, because a file
/// that grows costs the file system a commit of its own.
pub(super) async fn writes(units: u64, syncs: u64) -> Result<Duration> {
    let dir = directory()?;
    let path = dir.join("file");
    fs::write(&path, vec![0; VALUE.len() * syncs as usize])?;
    let mut file = File::options().write(true).open(path)?;
    file.sync_all()?;
    file.rewind()?;
    let start = Instant::now();
    for _ in 0..syncs {
        file.write_all(&VALUE)?;
        file.sync_data()?;
    }
    Ok(start.elapsed().mul_f64(units as f64 / syncs as f64))
}

/// Reads by keys like the cache's, 32 bytes without an order, so many times each.
pub(super) async fn gets(keys: u64, passes: u64) -> Result<Duration> {
    let dir = directory()?;
    let (db, file) = open(&dir)?;
    let keys: Vec<[u8; 32]> = (0..keys).map(key).collect();
    for key in &keys {
        db.insert(key, &VALUE[..])?;
    }
    drop((db, file));
    let (db, _file) = open(&dir)?;
    let start = Instant::now();
    for key in (0..passes).flat_map(|_| &keys) {
        black_box(db.get(key)?.ok_or("a key is missing")?);
    }
    Ok(start.elapsed())
}

fn key(n: u64) -> [u8; 32] {
    let mut key = [0; 32];
    for (place, part) in (0u64..).zip(key.chunks_mut(8)) {
        part.copy_from_slice(&(n + place).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes());
    }
    key
}
