//! The database, and the tasks that write to it. Each of them may be executed again after a crash, and says why that
//! does no harm.

use std::{
    path::Path,
    process,
    sync::{Mutex, MutexGuard, PoisonError},
};

use orch::prelude::*;
use rusqlite::{Connection, params};

use crate::{clean::Chunk, history, orders::report::Report, screen::Screen};

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS chunks (key TEXT PRIMARY KEY, day TEXT, page INTEGER) STRICT;
    CREATE TABLE IF NOT EXISTS orders (
        day TEXT, page INTEGER, line INTEGER, id INTEGER, customer TEXT, currency TEXT, cents INTEGER,
        PRIMARY KEY (day, page, line)
    ) STRICT;
    CREATE TABLE IF NOT EXISTS rejects (
        day TEXT, page INTEGER, line INTEGER, reason TEXT, row TEXT,
        PRIMARY KEY (day, page, line)
    ) STRICT;
";

/// The one connection: SQLite lets one write at a time anyway. Only synchronous tasks use it, so nobody waits for the
/// lock on a thread that others need.
pub(crate) struct Database(Mutex<Connection>);

impl Database {
    pub(crate) fn open(file: &Path) -> rusqlite::Result<Self> {
        let connection = Connection::open(file)?;
        connection.execute_batch(TABLES)?;
        Ok(Self(Mutex::new(connection)))
    }

    pub(crate) fn connection(&self) -> MutexGuard<'_, Connection> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// When so many chunks of a day are in, the process dies.
pub(crate) struct CrashAfter(pub(crate) Option<u32>);

/// Removes what an earlier load of the day has left. That does no harm when it is executed twice: its end is recorded
/// before the first chunk is loaded.
#[task]
pub(crate) fn clear(day: &str, #[provided] database: &Database) -> rusqlite::Result<()> {
    let mut connection = database.connection();
    let transaction = connection.transaction()?;
    for table in ["chunks", "orders", "rejects"] {
        transaction.execute(&format!("DELETE FROM {table} WHERE day = ?1"), [day])?;
    }
    transaction.commit()
}

/// Loads a chunk, once: in the same transaction as the rows it writes down the task run's idempotency key, which is
/// the same however often this is executed. If the key is there, so are the rows.
#[task(retries = 3, backoff = exponential("50ms", max = "1s", jitter))]
pub(crate) fn load(
    day: &str,
    page: u32,
    chunk: Chunk,
    #[provided] database: &Database,
    #[provided] crash_after: &CrashAfter,
    #[provided] screen: &Screen,
) -> anyhow::Result<()> {
    let mut connection = database.connection();
    let transaction = connection.transaction()?;
    let key = orch::idempotency_key()?.to_string();
    if transaction.execute("INSERT OR IGNORE INTO chunks VALUES (?1, ?2, ?3)", params![key, day, page])? == 0
    {
        screen.line(format_args!("{} was in the database already", history::chunk(page)))?;
        return Ok(());
    }
    let mut insert = transaction.prepare("INSERT INTO orders VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?;
    for order in &chunk.orders {
        insert.execute(params![
            day,
            page,
            order.line,
            order.id,
            order.customer,
            order.currency,
            order.cents
        ])?;
    }
    let mut reject = transaction.prepare("INSERT INTO rejects VALUES (?1, ?2, ?3, ?4, ?5)")?;
    for row in &chunk.rejects {
        reject.execute(params![day, page, row.line, row.reason, row.row])?;
    }
    drop((insert, reject));
    transaction.commit()?;

    // In the database, and not yet in the journal: there is no worse moment.
    let loaded: u32 =
        connection.query_row("SELECT count(*) FROM chunks WHERE day = ?1", [day], |row| row.get(0))?;
    if crash_after.0 == Some(loaded) {
        screen.line(format_args!("crash: {loaded} chunks are in the database"))?;
        process::abort();
    }
    let (orders, rejects) = (chunk.orders.len(), chunk.rejects.len());
    screen.line(format_args!("{} loaded: {orders} orders, {rejects} rejects", history::chunk(page)))?;
    Ok(())
}

/// Moves orders to the rejects whose id an earlier row of the day has. Executed twice, it finds none the second time.
#[task]
pub(crate) fn drop_duplicates(day: &str, #[provided] database: &Database) -> rusqlite::Result<()> {
    let mut connection = database.connection();
    let transaction = connection.transaction()?;
    transaction.execute(
        "INSERT INTO rejects
         SELECT day, page, line, 'duplicate id', format('%d,%s,%s,%d.%02d', id, customer, currency, cents / 100, cents % 100)
         FROM (SELECT *, row_number() OVER (PARTITION BY id ORDER BY page, line) AS nth FROM orders WHERE day = ?1)
         WHERE nth > 1",
        [day],
    )?;
    transaction.execute(
        "DELETE FROM orders WHERE day = ?1 AND EXISTS (
             SELECT 1 FROM rejects r WHERE (r.day, r.page, r.line) = (orders.day, orders.page, orders.line))",
        [day],
    )?;
    transaction.commit()
}

/// Adds up the day. It only reads.
#[task]
pub(crate) fn report(day: &str, #[provided] database: &Database) -> rusqlite::Result<Report> {
    Report::read(&database.connection(), day)
}
