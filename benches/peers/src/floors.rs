//! Durable records without an engine: one writer commits everything that waits for it at once.

use std::{
    fs::File,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use futures_util::{StreamExt, stream};
use redb::TableDefinition;
use rusqlite::Connection;
use tokio::sync::oneshot;

use super::{Result, harness::directory};

/// About what a record of a no-op step needs.
const VALUE: [u8; 128] = [7; 128];

const TABLE: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("records");

/// One record, and who waits for it.
type Put = (u64, oneshot::Sender<()>);

async fn grouped(
    puts: u64,
    at_once: usize,
    mut commit: impl FnMut(&[Put]) -> Result<()> + Send + 'static,
) -> Result<Duration> {
    let (sender, receiver) = mpsc::channel::<Put>();
    let writer = thread::spawn(move || {
        while let Ok(first) = receiver.recv() {
            let mut group = vec![first];
            group.extend(receiver.try_iter());
            commit(&group)?;
            for (_, waiting) in group {
                // Nobody gives up waiting here.
                let _ = waiting.send(());
            }
        }
        Ok(())
    });
    let start = Instant::now();
    let mut running = stream::iter(0..puts)
        .map(|n| {
            let (waiting, done) = oneshot::channel();
            let sent = sender.send((n, waiting));
            async move {
                sent.map_err(|_| "the writer has ended")?;
                Result::Ok(done.await?)
            }
        })
        .buffer_unordered(at_once);
    let mut failed: Result<()> = Ok(());
    while let Some(done) = running.next().await {
        failed = failed.and(done);
    }
    let took = start.elapsed();
    drop(running);
    drop(sender);
    // What the writer says is the reason of what the others say.
    writer.join().map_err(|_| "the writer panicked")?.and(failed)?;
    Ok(took)
}

pub(super) async fn sled(puts: u64, at_once: usize) -> Result<Duration> {
    let dir = directory()?;
    let db = sled::Config::new().path(&dir).flush_every_ms(None).open()?;
    let file = File::options().write(true).open(dir.join("db"))?;
    let commit = move |group: &[Put]| {
        let mut batch = sled::Batch::default();
        group.iter().for_each(|(n, _)| batch.insert(&n.to_be_bytes(), &VALUE[..]));
        db.apply_batch(batch)?;
        db.flush()?;
        Ok(file.sync_data()?)
    };
    grouped(puts, at_once, commit).await
}

pub(super) async fn redb(puts: u64, at_once: usize) -> Result<Duration> {
    let dir = directory()?;
    let db = redb::Database::create(dir.join("redb"))?;
    let commit = move |group: &[Put]| {
        let write = db.begin_write()?;
        {
            let mut table = write.open_table(TABLE)?;
            for (n, _) in group {
                table.insert(n, &VALUE[..])?;
            }
        }
        Ok(write.commit()?)
    };
    grouped(puts, at_once, commit).await
}

/// A write-ahead log that is synced with each commit.
pub(super) async fn sqlite(puts: u64, at_once: usize) -> Result<Duration> {
    let dir = directory()?;
    let mut db = Connection::open(dir.join("sqlite"))?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    db.pragma_update(None, "synchronous", "FULL")?;
    db.execute("create table records (n integer primary key, value blob)", ())?;
    let commit = move |group: &[Put]| {
        let transaction = db.transaction()?;
        {
            let mut insert = transaction.prepare_cached("insert into records values (?1, ?2)")?;
            for (n, _) in group {
                insert.execute((*n as i64, &VALUE[..]))?;
            }
        }
        Ok(transaction.commit()?)
    };
    grouped(puts, at_once, commit).await
}
