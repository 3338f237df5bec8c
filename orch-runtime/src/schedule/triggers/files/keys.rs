//! Under which keys the store knows files.

use std::path::Path;

use crate::store::Starter;

/// What the keys of all files begin with.
const PREFIX: &str = "file/";

/// What a path that is told by its hash begins with. No path does that was put together from parts.
const HASHED: &str = "//";

/// The longest name of a trigger that stands in keys as it is.
const LONGEST_NAME: usize = 200;

/// The keys of the files of one trigger.
#[derive(Clone)]
pub(super) struct Keys {
    prefix: String,
}

impl Keys {
    pub(super) fn new(trigger: &str) -> Self {
        let length = trigger.len();
        // With its length before it, no name is the beginning of another one that holds a slash.
        let prefix = match length <= LONGEST_NAME {
            true => format!("{PREFIX}{length}/{trigger}/"),
            false => format!("{PREFIX}{}/", blake3::hash(trigger.as_bytes())),
        };
        Self { prefix }
    }

    /// What all of them begin with, and no others.
    pub(super) fn prefix(&self) -> &str {
        &self.prefix
    }

    pub(super) fn of(&self, path: &Path) -> String {
        let bytes = path.as_os_str().as_encoded_bytes();
        match path.to_str() {
            Some(text) if self.prefix.len() + text.len() <= Starter::MAX_KEY => {
                format!("{}{text}", self.prefix)
            }
            _ => format!("{}{HASHED}{}", self.prefix, blake3::hash(bytes)),
        }
    }

    /// The path, where the key tells it.
    pub(super) fn path<'a>(&self, key: &'a str) -> Option<&'a Path> {
        key.strip_prefix(&self.prefix).filter(|path| !path.starts_with(HASHED)).map(Path::new)
    }
}
