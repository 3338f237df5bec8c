//! Why a key is not there: which part of it differs from what is kept.

use std::fmt::Arguments;

use crate::store::{CacheKey, KeyParts, Miss};

/// Keys per definition that are remembered beyond their entries, so that a miss can be explained.
pub(crate) const REMEMBERED: usize = 32;

/// Explains why `key`, made of `asked`, has no entry, by the keys of its definition that were stored last: the
/// newest first.
pub(crate) fn explain<'a>(
    recent: impl Iterator<Item = (&'a CacheKey, &'a KeyParts)> + Clone,
    key: &CacheKey,
    asked: &KeyParts,
) -> Miss {
    if recent.clone().any(|(known, _)| known == key) {
        return Miss::Evicted;
    }
    // The entry that differs in the fewest parts is the one that a reader had in mind.
    let nearest = recent.map(|(_, parts)| parts).min_by_key(|parts| {
        let mut differences = 0;
        compare(parts, asked, |_| differences += 1);
        differences
    });
    let Some(nearest) = nearest else { return Miss::NeverStored };
    let mut changed = Vec::new();
    compare(nearest, asked, |part| changed.push(part.to_string()));
    Miss::Changed(changed)
}

/// Tells the parts in which two keys differ; a part's name is written only when somebody reads it.
fn compare(stored: &KeyParts, asked: &KeyParts, mut tell: impl FnMut(Arguments<'_>)) {
    let mut tell_if = |differs: bool, part: Arguments<'_>| {
        if differs {
            tell(part);
        }
    };
    tell_if(stored.type_arguments != asked.type_arguments, format_args!("type arguments"));
    tell_if(stored.version != asked.version, format_args!("version"));
    tell_if(stored.body != asked.body, format_args!("body"));
    tell_if(stored.scope != asked.scope, format_args!("scope"));
    for (name, digest) in &asked.arguments {
        tell_if(stored.arguments.get(name) != Some(digest), format_args!("argument `{name}`"));
    }
    tell_if(stored.arguments.len() > asked.arguments.len(), format_args!("arguments"));
}
