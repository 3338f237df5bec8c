//! Keys: of a call inside its run, of a result across runs.

use std::sync::Arc;

use serde::Serialize;

use super::canonical::{HashError, keyed_hash};
use crate::{
    definition::{CachePolicy, CacheScope, Definition},
    error::Error,
    id::{RunId, first_half},
    store::{CacheKey, KeyDigest, KeyParts},
};

/// Changes when the form of keys does; every stored result is a miss then.
const FORMAT: u8 = 1;

/// Hash of a definition's name and version.
pub(crate) fn prefix_digest(name: &str, version: &str) -> u128 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&(name.len() as u64).to_le_bytes()).update(name.as_bytes()).update(version.as_bytes());
    first_half(hasher.finalize())
}

/// What identifies a call among the calls of its scope.
#[derive(Clone, Debug)]
pub(crate) struct CallHash {
    pub(crate) call: u128,
    /// The same under the definition's former names.
    pub(crate) former: Vec<u128>,
}

/// Hashes definition, type arguments, version and input, for the calls of one run.
pub(crate) fn call_hash<A: Serialize>(
    run: RunId,
    definition: &'static Definition,
    type_arguments: &str,
    arguments: &A,
) -> Result<CallHash, HashError> {
    // A name that is taken twice is reported when the call is awaited; here it only has to be some name.
    let (prefix, former): (u128, &[u128]) = match definition.resolve() {
        Ok(resolved) => (resolved.prefix, &resolved.former_prefixes),
        Err(_) => (0, &[]),
    };
    // A run's id is random, so nobody can choose inputs whose calls are taken for each other.
    let key = run.as_uuid().as_u128();
    let under = |prefix: u128| {
        let prefix = if type_arguments.is_empty() {
            prefix
        } else {
            let mut hasher = blake3::Hasher::new();
            hasher.update(&prefix.to_le_bytes()).update(type_arguments.as_bytes());
            first_half(hasher.finalize())
        };
        keyed_hash(key, prefix, arguments)
    };
    Ok(CallHash {
        call: under(prefix)?,
        former: former.iter().map(|former| under(*former)).collect::<Result<_, _>>()?,
    })
}

/// The key of a result across runs under a name of its definition, and what it is made of.
pub(crate) fn cache_key(
    definition: &'static Definition,
    name: &'static str,
    policy: &CachePolicy,
    type_arguments: &'static str,
    arguments: &[KeyDigest],
    run: RunId,
    root_flow: &str,
) -> Result<(CacheKey, Arc<KeyParts>), Error> {
    let body = match policy.version {
        Some(version) => format!("version {version}"),
        None => format!("{:016x}", definition.body_hash),
    };
    let mut body = body;
    for path in policy.depends.map(|depends| depends()).unwrap_or_default() {
        let Some(hash) = crate::definition::body_hash_at(path) else {
            return Err(Error::definition(format!(
                "`{}` depends on `{path}`, which is not known: only annotated functions without type \
                 parameters can be named in `cache(depends(…))`",
                definition.display_name()
            )));
        };
        body.push_str(&format!(" {path} {hash:016x}"));
    }
    let scope = match policy.scope {
        CacheScope::Global => None,
        CacheScope::Flow => Some(format!("flow {root_flow}")),
        CacheScope::Run => Some(format!("run {run}")),
    };
    let names: &[&'static str] = if policy.keyed { &["key"] } else { definition.arguments };
    let parts = KeyParts {
        name: name.into(),
        type_arguments: type_arguments.into(),
        version: definition.version.into(),
        body: body.into(),
        scope,
        arguments: names.iter().map(|name| (*name).into()).zip(arguments.iter().copied()).collect(),
    };
    let mut hasher = blake3::Hasher::new();
    hasher.update(&[FORMAT]);
    let texts = [&*parts.name, &*parts.type_arguments, &*parts.version, &*parts.body];
    for text in texts.into_iter().chain(parts.scope.as_deref()) {
        hasher.update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes());
    }
    for argument in arguments {
        hasher.update(&argument.0);
    }
    let hash = hasher.finalize();
    Ok((CacheKey(*hash.as_bytes()), Arc::new(parts)))
}
