//! Definitions by name: what the linker collected, what was used first at run time, and who collides with whom.

use std::{
    collections::HashMap,
    pin::Pin,
    sync::{Mutex, OnceLock, PoisonError},
};

use super::{DecodeError, Definition, DefinitionKind, Invocation, Place};
use crate::{cache::prefix_digest, error::Error};

/// Makes a body ready to run with stored input.
type Decode = fn(&[u8]) -> Result<Pin<Box<dyn Invocation>>, DecodeError>;

/// A definition that can be started by name from stored input.
pub struct Registered {
    pub(crate) definition: &'static Definition,
    pub(crate) decode: Decode,
}

impl Registered {
    /// Written by the attributes.
    pub const fn new(definition: &'static Definition, decode: Decode) -> Self {
        Self { definition, decode }
    }

    /// The static data of the function.
    pub fn definition(&self) -> &'static Definition {
        self.definition
    }

    /// Whether the function can be started with this stored input.
    ///
    /// # Errors
    /// With what does not fit.
    pub fn takes(&self, input: &[u8]) -> Result<(), DecodeError> {
        (self.decode)(input).map(drop)
    }
}

inventory::collect!(Registered);

/// What a definition's static data means once its path is known.
pub(crate) struct Resolved {
    /// The full name, kept for the life of the process: one per definition.
    pub(crate) name: &'static str,
    /// Hash of name and version, under which calls without type arguments are keyed.
    pub(crate) prefix: u128,
    /// The same for every former name.
    pub(crate) former_prefixes: Vec<u128>,
    /// What all cache keys of the definition share, once one was made.
    pub(crate) cache_prefix: OnceLock<[u8; 32]>,
    /// Set when another definition has the same name.
    collision: Option<String>,
}

/// The definitions of this process. The linker's collection is global by nature; this index over it only
/// adds generic functions and steps at their first use.
struct Index {
    by_name: HashMap<&'static str, &'static Definition>,
    by_former: HashMap<&'static str, &'static Definition>,
    by_path: HashMap<&'static str, &'static Definition>,
    startable: HashMap<&'static str, &'static Registered>,
    steps: HashMap<&'static str, &'static Definition>,
}

fn index() -> &'static Mutex<Index> {
    static INDEX: OnceLock<Mutex<Index>> = OnceLock::new();
    INDEX.get_or_init(|| {
        let mut index = Index {
            by_name: HashMap::new(),
            by_former: HashMap::new(),
            by_path: HashMap::new(),
            startable: HashMap::new(),
            steps: HashMap::new(),
        };
        for registered in inventory::iter::<Registered> {
            let definition = registered.definition;
            let name = full_name(definition);
            index.by_name.entry(name).or_insert(definition);
            index.startable.entry(name).or_insert(registered);
            index.by_path.insert(path_of(definition), definition);
            for former in definition.formerly {
                index.by_former.entry(former).or_insert(definition);
            }
        }
        Mutex::new(index)
    })
}

fn with_index<R>(use_it: impl FnOnce(&mut Index) -> R) -> R {
    use_it(&mut index().lock().unwrap_or_else(PoisonError::into_inner))
}

impl Definition {
    /// The full name: `name = "…"`, or module path, enclosing functions and identifier.
    ///
    /// # Errors
    /// When another definition of this program has the same name.
    pub fn name(&'static self) -> Result<&'static str, Error> {
        self.resolve().map(|resolved| resolved.name)
    }

    pub(crate) fn resolve(&'static self) -> Result<&'static Resolved, Error> {
        let resolved = self.resolved.get_or_init(|| resolve(self));
        match &resolved.collision {
            None => Ok(resolved),
            Some(message) => Err(Error::definition(message.clone())),
        }
    }

    /// The name for messages, also when it is taken twice.
    pub(crate) fn display_name(&'static self) -> &'static str {
        self.resolved.get_or_init(|| resolve(self)).name
    }

    pub(crate) fn is_flow(&self) -> bool {
        self.kind == DefinitionKind::Flow
    }
}

fn resolve(definition: &'static Definition) -> Resolved {
    let (name, other) = with_index(|index| {
        let name = full_name(definition);
        let first = *index.by_name.entry(name).or_insert(definition);
        // Whoever came second is refused, and so is the first one when the linker saw both.
        let other = if std::ptr::eq(first, definition) {
            inventory::iter::<Registered>
                .into_iter()
                .map(|registered| registered.definition)
                .find(|other| !std::ptr::eq(*other, definition) && full_name(other) == name)
        } else {
            Some(first)
        };
        index.by_path.entry(path_of(definition)).or_insert(definition);
        for former in definition.formerly {
            index.by_former.entry(former).or_insert(definition);
        }
        (name, other)
    });
    let collision = other.map(|other| {
        let (mut here, mut there) = (definition.place.to_string(), other.place.to_string());
        if there < here {
            std::mem::swap(&mut here, &mut there);
        }
        format!(
            "two definitions have the name `{name}`: {here} and {there}; \
             give one of them another one with `name = \"…\"`"
        )
    });
    let former_prefixes =
        definition.formerly.iter().map(|former| prefix_digest(former, definition.version)).collect();
    let prefix = prefix_digest(name, definition.version);
    Resolved { name, prefix, former_prefixes, cache_prefix: OnceLock::new(), collision }
}

/// The path of the function as the compiler names it, kept for the life of the process.
fn path_of(definition: &Definition) -> &'static str {
    static PATHS: Mutex<Option<HashMap<&'static str, &'static str>>> = Mutex::new(None);
    let raw = (definition.place.path)();
    let mut paths = PATHS.lock().unwrap_or_else(PoisonError::into_inner);
    let paths = paths.get_or_insert_default();
    paths.entry(raw).or_insert_with(|| {
        let kept: Vec<&str> =
            raw.split("::").filter(|part| *part != "{{closure}}" && !part.starts_with("__orch_")).collect();
        Box::leak(kept.join("::").into_boxed_str())
    })
}

fn full_name(definition: &Definition) -> &'static str {
    match definition.name {
        Some(name) => name,
        None if definition.place.module.is_empty() => definition.place.name,
        None => path_of(definition),
    }
}

/// Everything that can be started by name, in the order of the names.
pub(crate) fn startable() -> Vec<&'static Registered> {
    let mut all =
        with_index(|index| index.startable.iter().map(|(name, own)| (*name, *own)).collect::<Vec<_>>());
    all.sort_unstable_by_key(|(name, _)| *name);
    all.into_iter().map(|(_, registered)| registered).collect()
}

/// The definition that has or had this name, and how to run it.
pub(crate) fn find(name: &str) -> Option<&'static Registered> {
    with_index(|index| {
        index.startable.get(name).copied().or_else(|| {
            let now = index.by_former.get(name)?;
            index.startable.get(full_name(now)).copied()
        })
    })
}

/// The definition that has or had this name, whether it can be started by it or not.
pub(crate) fn known(name: &str) -> Option<&'static Definition> {
    with_index(|index| {
        let named = index.by_name.get(name).or_else(|| index.by_former.get(name)).copied();
        named.or_else(|| index.steps.get(name).copied())
    })
}

/// The full name of the annotated function at `path`, as the compiler names it.
pub(crate) fn path_named(path: &str) -> Option<&'static str> {
    let kept: Vec<&str> =
        path.split("::").filter(|part| *part != "{{closure}}" && !part.starts_with("__orch_")).collect();
    let path = kept.join("::");
    with_index(|index| index.by_path.get(path.as_str()).map(|definition| full_name(definition)))
}

/// The body hash of the annotated function at `path`, for `cache(depends(…))`.
pub(crate) fn body_hash_at(path: &str) -> Option<u64> {
    let path: Vec<&str> =
        path.split("::").filter(|part| *part != "{{closure}}" && !part.starts_with("__orch_")).collect();
    let path = path.join("::");
    with_index(|index| index.by_path.get(path.as_str()).map(|definition| definition.body_hash))
}

/// The definition of an `orch::step`, made at its first use and kept: one per name.
pub(crate) fn step_definition(
    name: &'static str,
    place: &std::panic::Location<'static>,
) -> &'static Definition {
    with_index(|index| {
        *index.steps.entry(name).or_insert_with(|| {
            let place = Place {
                name,
                module: "",
                file: place.file(),
                line: place.line(),
                column: place.column(),
                path: || "",
            };
            Box::leak(Box::new(Definition::task(place, 0, &["input"])))
        })
    })
}
