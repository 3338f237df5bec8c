//! Listing what the cache holds.

use std::collections::BinaryHeap;

use super::{
    database::Database,
    rows::{self, DefinitionId, EntryRow, OrderRow},
};
use crate::store::{CachedResult, Page, StoreError};

/// The newest entry of a definition that has not been listed.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Next {
    number: u64,
    definition: DefinitionId,
}

/// The entries of these definitions, the one that was stored last first: each definition has an order of its own,
/// and the highest of their next numbers is always next.
pub(super) fn list(
    database: &Database,
    definitions: &[DefinitionId],
    page: Page<u64>,
) -> Result<Vec<CachedResult>, StoreError> {
    let mut next = BinaryHeap::new();
    for definition in definitions {
        next.extend(before(database, *definition, page.after.unwrap_or(u64::MAX))?);
    }
    let mut listed = Vec::new();
    while listed.len() < page.limit
        && let Some(Next { number, definition }) = next.pop()
    {
        listed.extend(entry(database, definition, number)?);
        next.extend(before(database, definition, number)?);
    }
    Ok(listed)
}

fn before(database: &Database, definition: DefinitionId, number: u64) -> Result<Option<Next>, StoreError> {
    let prefix = rows::prefix(b'o', Some(definition));
    let found = database.last(&prefix, &rows::order_key(definition, number))?;
    let number = found.and_then(|(key, _)| rows::number_of(&key).ok());
    Ok(number.map(|number| Next { number, definition }))
}

/// The entry of this number; `None` when it has gone meanwhile, or is damaged and would be a miss.
fn entry(
    database: &Database,
    definition: DefinitionId,
    number: u64,
) -> Result<Option<CachedResult>, StoreError> {
    let order_key = rows::order_key(definition, number);
    let Some(row) = database.get(&order_key)? else { return Ok(None) };
    let Ok(OrderRow { entry: key, at, bytes }) = OrderRow::read(&order_key, &row) else { return Ok(None) };
    let entry_key = rows::entry_key(&key);
    let Some(row) = database.get(&entry_key)? else { return Ok(None) };
    let read = EntryRow::read(&entry_key, &row);
    let parts = read.and_then(|entry| {
        if entry.number == number { rows::read_parts(entry.parts) } else { Err(rows::Damaged) }
    });
    Ok(parts.ok().map(|parts| CachedResult { number, key, parts, at, bytes }))
}
