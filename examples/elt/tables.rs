//! The database, and the tasks that make and question its tables. Each may be executed again: it replaces what it made.

use std::{
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
};

use csv::ReaderBuilder;
use orch::prelude::*;
use rusqlite::{Connection, named_params, params};

use crate::{orders::report::Report, screen::Screen};

const RAW: &str = "
    CREATE TABLE IF NOT EXISTS raw (
        day TEXT, page INTEGER, line INTEGER, id TEXT, customer TEXT, currency TEXT, amount TEXT, row TEXT,
        PRIMARY KEY (day, page, line)
    ) STRICT;
";

/// The one connection, used by synchronous tasks alone: nobody waits for the lock on a thread that others need.
pub(crate) struct Database(Mutex<Connection>);

impl Database {
    pub(crate) fn open(file: &Path) -> rusqlite::Result<Self> {
        let connection = Connection::open(file)?;
        connection.execute_batch(RAW)?;
        Ok(Self(Mutex::new(connection)))
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Loads a page as it came: every field a text, and those that are not there left out. Whatever there was of this page
/// before is replaced, in one transaction.
#[task(retries = 3, backoff = exponential("50ms", max = "1s", jitter))]
pub(crate) fn load_raw(
    day: &str,
    page: u32,
    csv: &str,
    #[provided] database: &Database,
) -> anyhow::Result<u32> {
    let mut connection = database.connection();
    let transaction = connection.transaction()?;
    transaction.execute("DELETE FROM raw WHERE day = ?1 AND page = ?2", params![day, page])?;
    let mut insert = transaction.prepare("INSERT INTO raw VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?;
    let mut rows = 0;
    for record in ReaderBuilder::new().flexible(true).from_reader(csv.as_bytes()).records() {
        let record = record?;
        let line = record.position().map_or(0, |position| position.line());
        let row = record.iter().collect::<Vec<_>>().join(",");
        insert.execute(params![
            day,
            page,
            line,
            record.get(0),
            record.get(1),
            record.get(2),
            record.get(3),
            row
        ])?;
        rows += 1;
    }
    drop(insert);
    transaction.commit()?;
    Ok(rows)
}

/// Makes a table anew from the rows that a question answers. Not cached: an equal question has other answers when other
/// rows were loaded.
#[task]
pub(crate) fn build(
    table: &str,
    question: &str,
    #[provided] database: &Database,
    #[provided] screen: &Screen,
) -> anyhow::Result<()> {
    let mut connection = database.connection();
    let transaction = connection.transaction()?;
    transaction
        .execute_batch(&format!("DROP TABLE IF EXISTS {table}; CREATE TABLE {table} AS {question};"))?;
    let rows: u32 = transaction.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))?;
    transaction.commit()?;
    screen.line(format_args!("{table}: {rows} rows"))?;
    Ok(())
}

/// Fails when the question has an answer, and says how many and the first.
#[task]
pub(crate) fn check(
    day: &str,
    rule: &str,
    question: &str,
    max_rejects: u32,
    #[provided] database: &Database,
) -> anyhow::Result<()> {
    let connection = database.connection();
    let mut question = connection.prepare(question)?;
    for (name, value) in named_params! { ":day": day, ":max_rejects": max_rejects } {
        // Not every question names both.
        if let Some(index) = question.parameter_index(name)? {
            question.raw_bind_parameter(index, value)?;
        }
    }
    let violations: Vec<String> = question.raw_query().mapped(|row| row.get(0)).collect::<Result<_, _>>()?;
    match violations.first() {
        None => Ok(()),
        Some(first) => {
            anyhow::bail!("{day} breaks the rule {rule:?} in {} places, first: {first}", violations.len())
        }
    }
}

/// Adds up the day.
#[task]
pub(crate) fn report(day: &str, #[provided] database: &Database) -> rusqlite::Result<Report> {
    Report::read(&database.connection(), day)
}
