//! Whether somebody waits for what can never come.
//!
//! A body that holds permits and has called what waits for more is taken to wait for that call. What a body holds that
//! waits for nobody comes back; with that, some of those who wait can go, and what is held by the bodies that called them
//! comes back too, and so on. Who is left at the end waits in a circle. As nobody who holds something ever waits behind
//! another (see [`Table`]), that is all that there is to wait for.

use rustc_hash::{FxHashMap, FxHashSet};

use super::{
    pools::Part,
    table::{Grant, Table, Waiter},
};
use crate::store::KeyDigest;

/// Names in a circle, before the rest is left out.
const NAMED: usize = 8;

/// The circle in which this waiter waits, for people; `None` when it waits in none.
pub(super) fn find(table: &Table, waiter: u64) -> Option<String> {
    let waits = table.waiters.get(&waiter).filter(|waits| !waits.above.is_empty())?;
    let mut coming = Coming::of(table);
    if coming.is_enough(table, waits) {
        return None;
    }
    let mut below: FxHashMap<u64, u32> =
        table.grants.iter().map(|(id, grant)| (*id, grant.waiting_below)).collect();
    let mut left: Vec<(u64, &Waiter)> = table
        .waiters
        .iter()
        .filter(|(_, other)| other.is_waiting() && !other.above.is_empty())
        .map(|(id, other)| (*id, other))
        .collect();
    loop {
        let before = left.len();
        left.retain(|(_, other)| {
            if !coming.is_enough(table, other) {
                return true;
            }
            for grant in &other.above {
                let Some(waiting) = below.get_mut(grant) else { continue };
                *waiting = waiting.saturating_sub(1);
                if let (0, Some(grant)) = (*waiting, table.grants.get(grant)) {
                    coming.comes(grant);
                }
            }
            false
        });
        if left.iter().all(|(id, _)| *id != waiter) {
            return None;
        }
        if left.len() == before {
            return Some(told(table, &coming, &left, waits));
        }
    }
}

/// What is free, and what will come back.
struct Coming {
    of_all: FxHashMap<usize, u64>,
    of_keys: FxHashMap<(usize, KeyDigest), u64>,
}

impl Coming {
    /// What is held by those who wait for nobody.
    fn of(table: &Table) -> Self {
        let mut coming = Self { of_all: FxHashMap::default(), of_keys: FxHashMap::default() };
        table.grants.values().filter(|grant| grant.waiting_below == 0).for_each(|grant| coming.comes(grant));
        coming
    }

    fn comes(&mut self, grant: &Grant) {
        for (pool, amount) in &grant.parts {
            *self.of_all.entry(*pool).or_default() += amount;
            if let Some(key) = grant.key {
                *self.of_keys.entry((*pool, key)).or_default() += amount;
            }
        }
    }

    fn has(&self, table: &Table, (pool, amount): &Part, key: Option<&KeyDigest>) -> bool {
        let has = table.pools[*pool].free().saturating_add(self.of_all.get(pool).copied().unwrap_or(0));
        let of_key = key.and_then(|key| self.of_keys.get(&(*pool, *key))).copied().unwrap_or(0);
        *amount <= has && *amount <= table.pools[*pool].free_for(key).saturating_add(of_key)
    }

    fn is_enough(&self, table: &Table, waiter: &Waiter) -> bool {
        table.wants(waiter).iter().all(|part| self.has(table, part, waiter.key.as_ref()))
    }
}

/// The circle as a sentence: who waits for what, and who has it.
fn told(table: &Table, coming: &Coming, left: &[(u64, &Waiter)], waits: &Waiter) -> String {
    let mut text = String::new();
    let mut seen = FxHashSet::default();
    let mut at = waits;
    while text.len() < 1_000 && seen.len() < NAMED {
        let lacking = |part: &&Part| !coming.has(table, part, at.key.as_ref());
        let Some((pool, amount)) = table.wants(at).iter().find(lacking) else { break };
        let name = &table.pools[*pool].name;
        let has = |grant: &Grant| grant.parts.iter().any(|(part, _)| part == pool);
        // The holder that closes the circle, or one that leads on.
        let closes = waits.above.iter().filter_map(|id| Some((id, table.grants.get(id)?)));
        let closing = closes.clone().find(|(_, grant)| has(grant));
        let leads = table
            .grants
            .iter()
            .find(|(id, grant)| has(grant) && grant.waiting_below > 0 && !seen.contains(*id));
        let Some((id, holder)) = closing.or(leads) else { break };
        let run =
            if holder.who.run == at.who.run { String::new() } else { format!(" (run {})", holder.who.run) };
        text.push_str(&format!(
            "`{}` waits for {amount} of `{name}`, which `{}`{run} holds; ",
            at.who.name, holder.who.name
        ));
        seen.insert(*id);
        if waits.above.contains(id) {
            text.push_str(&format!("`{}` waits for `{}`", holder.who.name, waits.who.name));
            return text;
        }
        let Some((_, next)) = left.iter().find(|(_, other)| other.above.contains(id)) else { break };
        if next.who.name != holder.who.name {
            text.push_str(&format!("`{}` waits for `{}`; ", holder.who.name, next.who.name));
        }
        at = next;
    }
    let above =
        waits.above.last().and_then(|id| table.grants.get(id)).map_or("its caller", |grant| grant.who.name);
    text.push_str(&format!("`{above}` waits for `{}`", waits.who.name));
    text
}
