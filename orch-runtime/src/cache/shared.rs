//! A large input that is hashed once.

use std::{
    fmt,
    ops::Deref,
    sync::{Arc, OnceLock},
};

use serde::{Deserialize, Deserializer, Serialize, Serializer, ser::Error as _};

use super::hash_value;

/// Name under which the canonical hasher recognises a [`Shared`] value.
pub(super) const MARKER: &str = "$orch::Shared";

/// An input that is cloned by reference and hashed once, not once per call.
///
/// A task that takes 100 MB by value or reference pays for cloning and hashing them with every call; with
/// `Shared<T>` only the first call does. It dereferences to `T`, and two values are equal inputs when their
/// contents are equal.
///
/// ```
/// # extern crate orch_runtime as orch;
/// use orch::Shared;
///
/// let matrix = Shared::new(vec![1.0f64; 1_000]);
/// let again = matrix.clone();
/// assert_eq!(again.len(), 1_000);
/// ```
pub struct Shared<T>(Arc<Inner<T>>);

struct Inner<T> {
    value: T,
    digest: OnceLock<[u8; 32]>,
}

impl<T> Shared<T> {
    /// Shares a value.
    pub fn new(value: T) -> Self {
        Self(Arc::new(Inner { value, digest: OnceLock::new() }))
    }

    /// The value itself, if nobody else shares it.
    ///
    /// # Errors
    /// `self`, when somebody does.
    pub fn try_unwrap(self) -> Result<T, Self> {
        Arc::try_unwrap(self.0).map(|inner| inner.value).map_err(Self)
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0.value
    }
}

impl<T> From<T> for Shared<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T: fmt::Debug> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.value.fmt(f)
    }
}

impl<T: PartialEq> PartialEq for Shared<T> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.value == other.0.value
    }
}

impl<T: Serialize> Serialize for Shared<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            return self.0.value.serialize(serializer);
        }
        let digest = match self.0.digest.get() {
            Some(digest) => *digest,
            None => {
                let hash = hash_value(&[], &self.0.value).map_err(S::Error::custom)?;
                *self.0.digest.get_or_init(|| *hash.as_bytes())
            }
        };
        serializer.serialize_newtype_struct(MARKER, &(digest, &self.0.value))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Shared<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            return T::deserialize(deserializer).map(Self::new);
        }
        #[derive(Deserialize)]
        #[serde(rename = "$orch::Shared")]
        struct Stored<T>(([u8; 32], T));

        let Stored((digest, value)) = Stored::deserialize(deserializer)?;
        Ok(Self(Arc::new(Inner { value, digest: OnceLock::from(digest) })))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::codec;

    static SERIALIZED: AtomicUsize = AtomicUsize::new(0);

    #[derive(Deserialize, PartialEq, Debug)]
    struct Counted(u32);

    impl Serialize for Counted {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            SERIALIZED.fetch_add(1, Ordering::Relaxed);
            serializer.serialize_u32(self.0)
        }
    }

    #[test]
    fn hashed_once_and_equal_by_content() {
        let shared = Shared::new(Counted(7));
        let first = hash_value(&[], &shared).expect("hashable");
        let second = hash_value(&[], &shared.clone()).expect("hashable");
        assert_eq!(first, second);
        assert_eq!(SERIALIZED.load(Ordering::Relaxed), 1);
        assert_eq!(hash_value(&[], &Shared::new(7u32)).expect("hashable"), first);
        assert_ne!(hash_value(&[], &Shared::new(8u32)).expect("hashable"), first);
    }

    #[test]
    fn survives_the_codec_and_stays_plain_where_people_read() {
        let bytes = codec::encode(&Shared::new(vec![1u8, 2])).expect("encodable");
        assert_eq!(*codec::decode::<Shared<Vec<u8>>>(&bytes).expect("the same type"), [1, 2]);
    }
}
