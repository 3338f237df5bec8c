//! Keys: of a call inside its run, of a result across runs.

use std::sync::Arc;

use serde::Serialize;

use super::canonical::{HashError, InputText, Keyed, keyed_hash};
use crate::{
    definition::{CachePolicy, CacheScope, Definition},
    error::Error,
    id::{RunId, first_half},
    store::{CacheKey, KeyDigest, KeyParts},
};

/// Changes when the form of keys does; every stored result is a miss then.
const FORMAT: u8 = 2;

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

/// What is known of a call once it is hashed.
pub(crate) struct Hashed {
    pub(crate) call: CallHash,
    /// Of a cached task: hashes that hold across runs, under the definition's name and then under its former ones. Cache
    /// keys are made of them.
    pub(crate) cache_inputs: Option<Vec<KeyDigest>>,
    /// The input for people; nobody is shown that of a call outside any run.
    pub(crate) input: Option<InputText>,
}

/// Hashes definition, type arguments, version and input, for the calls of one run, whose keys are made with an
/// id; outside any, nobody asks for it.
pub(crate) fn call_hash<A: Serialize>(
    keys: Option<RunId>,
    definition: &'static Definition,
    type_arguments: &str,
    arguments: &A,
) -> Result<Hashed, HashError> {
    // A name that is taken twice is reported when the call is awaited; here it only has to be some name.
    let (prefix, former): (u128, &[u128]) = match definition.resolve() {
        Ok(resolved) => (resolved.prefix, &resolved.former_prefixes),
        Err(_) => (0, &[]),
    };
    let typed = |prefix: u128| {
        if type_arguments.is_empty() {
            return prefix;
        }
        let mut hasher = blake3::Hasher::new();
        hasher.update(&prefix.to_le_bytes()).update(type_arguments.as_bytes());
        first_half(hasher.finalize())
    };
    // A run's id is random, so nobody can choose inputs whose calls are taken for each other.
    let key = keys.map_or(0, |run| run.as_uuid().as_u128());
    let with_hash = definition.cache.is_some();
    if keys.is_none() && !with_hash {
        let call = CallHash { call: 0, former: Vec::new() };
        return Ok(Hashed { call, cache_inputs: None, input: None });
    }
    let under = |prefix: u128| keyed_hash(key, typed(prefix), arguments, with_hash);
    let Keyed { call, hash, input } = under(prefix)?;
    let mut call = CallHash { call, former: Vec::new() };
    let mut inputs: Vec<KeyDigest> = hash.iter().map(|hash| KeyDigest(*hash.as_bytes())).collect();
    for prefix in former {
        let under_former = under(*prefix)?;
        call.former.push(under_former.call);
        inputs.extend(under_former.hash.map(|hash| KeyDigest(*hash.as_bytes())));
    }
    Ok(Hashed { call, cache_inputs: with_hash.then_some(inputs), input: Some(input) })
}

/// The keys under which results of a call lie across runs, and what they are made of.
pub(crate) struct Keys<'a> {
    pub(crate) definition: &'static Definition,
    pub(crate) type_arguments: &'static str,
    pub(crate) policy: &'a CachePolicy,
    /// The call's input, hashed with the definition's name and then with its former ones; or what
    /// `cache(key = …)` computed instead.
    pub(crate) inputs: Vec<KeyDigest>,
    pub(crate) run: RunId,
    pub(crate) root_flow: &'a str,
}

impl Keys<'_> {
    /// Name of the definition, and the key under it.
    pub(crate) fn own(&self) -> Result<(&'static str, CacheKey), Error> {
        let resolved = self.definition.resolve()?;
        let prefix = match resolved.cache_prefix.get() {
            Some(prefix) => prefix,
            None => {
                let prefix = self.prefix(resolved.name)?;
                resolved.cache_prefix.get_or_init(|| prefix)
            }
        };
        Ok((resolved.name, self.under(prefix, 0)))
    }

    /// The same for the names that the definition had before.
    pub(crate) fn former(&self) -> impl Iterator<Item = Result<(&'static str, CacheKey), Error>> {
        let former = self.definition.formerly.iter().enumerate();
        former.map(|(index, name)| Ok((*name, self.under(&self.prefix(name)?, index + 1))))
    }

    /// Hash of what all results of a definition share.
    fn prefix(&self, name: &str) -> Result<[u8; 32], Error> {
        let body = self.body()?;
        let mut hasher = blake3::Hasher::new();
        hasher.update(&[FORMAT, u8::from(self.policy.keyed)]);
        for text in [name, self.definition.version, &body] {
            hasher.update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes());
        }
        Ok(*hasher.finalize().as_bytes())
    }

    fn under(&self, prefix: &[u8; 32], input: usize) -> CacheKey {
        // What `cache(key = …)` computed is one for all names.
        let input = self.inputs.get(input).or(self.inputs.first()).map_or([0; 32], |input| input.0);
        let mut both = [0; 64];
        both[..32].copy_from_slice(prefix);
        both[32..].copy_from_slice(&input);
        let scope = self.scope();
        if self.type_arguments.is_empty() && scope.is_none() {
            return CacheKey(*blake3::hash(&both).as_bytes());
        }
        let mut hasher = blake3::Hasher::new();
        hasher.update(&both);
        for text in [self.type_arguments].into_iter().chain(scope.as_deref()) {
            hasher.update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes());
        }
        CacheKey(*hasher.finalize().as_bytes())
    }

    fn body(&self) -> Result<String, Error> {
        let mut body = match self.policy.version {
            Some(version) => format!("version {version}"),
            None => format!("{:016x}", self.definition.body_hash),
        };
        for path in self.policy.depends.map(|depends| depends()).unwrap_or_default() {
            let Some(hash) = crate::definition::body_hash_at(path) else {
                return Err(Error::definition(format!(
                    "`{}` depends on `{path}`, which is not known: only annotated functions without type \
                     parameters can be named in `cache(depends(…))`",
                    self.definition.display_name()
                )));
            };
            body.push_str(&format!(" {path} {hash:016x}"));
        }
        Ok(body)
    }

    fn scope(&self) -> Option<String> {
        match self.policy.scope {
            CacheScope::Global => None,
            CacheScope::Flow => Some(format!("flow {}", self.root_flow)),
            CacheScope::Run => Some(format!("run {}", self.run)),
        }
    }

    /// What the key under a name is made of, with the hash of each argument: for misses, which explain themselves.
    pub(crate) fn parts(&self, name: &'static str, arguments: &[KeyDigest]) -> Result<Arc<KeyParts>, Error> {
        let names: &[&'static str] = if self.policy.keyed { &["key"] } else { self.definition.arguments };
        Ok(Arc::new(KeyParts {
            name: name.into(),
            type_arguments: self.type_arguments.into(),
            version: self.definition.version.into(),
            body: self.body()?.into(),
            scope: self.scope(),
            arguments: names.iter().map(|name| (*name).into()).zip(arguments.iter().copied()).collect(),
        }))
    }
}
