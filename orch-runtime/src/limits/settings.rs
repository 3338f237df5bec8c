//! How much of what there is: said by the program, by the environment, or both.

use std::{borrow::Cow, collections::BTreeMap, env};

use super::{Permits, amount, pools::CPU};

/// Before the name of a pool in the environment.
const PREFIX: &str = "ORCH_LIMIT_";

/// After it, for the limit per key.
const PER_KEY: &str = "_PER_KEY";

/// The pools that a runtime begins with.
#[derive(Default)]
pub(crate) struct Settings {
    pools: BTreeMap<String, (Option<u64>, Option<u64>)>,
    faults: Vec<String>,
}

impl Settings {
    /// One permit of `cpu` for each processor.
    pub(crate) fn of_this_machine() -> Self {
        let mut settings = Self::default();
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        settings.size(CPU.to_owned(), processors as u64);
        settings
    }

    /// The size of a pool.
    pub(crate) fn size(&mut self, pool: String, permits: impl Permits) {
        if let Some(permits) = self.checked(&pool, permits.permits()) {
            self.pools.entry(pool).or_default().0 = Some(permits);
        }
    }

    /// How many permits of a pool one key may have.
    pub(crate) fn per_key(&mut self, pool: String, permits: impl Permits) {
        if let Some(permits) = self.checked(&pool, permits.permits()) {
            self.pools.entry(pool).or_default().1 = Some(permits);
        }
    }

    fn checked(&mut self, pool: &str, permits: Result<u64, String>) -> Option<u64> {
        match permits.and_then(|permits| check(pool, permits)) {
            Ok(permits) => Some(permits),
            Err(fault) => {
                self.faults.push(fault);
                None
            }
        }
    }

    /// What the environment says, which beats what the program says.
    pub(crate) fn read_environment(&mut self) {
        let said = env::vars_os().filter_map(|(name, value)| {
            let name = name.to_str()?.strip_prefix(PREFIX)?.to_owned();
            Some((name, value.to_string_lossy().into_owned()))
        });
        said.for_each(|(name, value)| self.said(&name, &value));
    }

    /// One variable, without what all of them begin with.
    fn said(&mut self, name: &str, value: &str) {
        let Some(permits) = amount::parse(value).filter(|permits| *permits > 0) else {
            self.faults.push(format!(
                "{PREFIX}{name}={value} is no number of permits; write a whole number from 1, such as {PREFIX}{name}=4, or \
                 a size such as 2GiB"
            ));
            return;
        };
        let (pool, per_key) = match name.strip_suffix(PER_KEY) {
            Some(pool) => (pool, true),
            None => (name, false),
        };
        // A pool that the program has is meant before a new one.
        let known = self.pools.keys().find(|known| in_environment(known) == pool).cloned();
        let pool = known.unwrap_or_else(|| pool.to_ascii_lowercase());
        let (size, of_key) = self.pools.entry(pool).or_default();
        *(if per_key { of_key } else { size }) = Some(permits);
    }

    /// What cannot be meant.
    pub(crate) fn fault(&self) -> Option<&str> {
        self.faults.first().map(String::as_str)
    }

    /// All pools, `cpu` first.
    pub(super) fn into_pools(
        mut self,
    ) -> impl Iterator<Item = (Cow<'static, str>, Option<u64>, Option<u64>)> {
        let (size, per_key) = self.pools.remove(CPU).unwrap_or_default();
        let cpu = (Cow::Borrowed(CPU), Some(size.unwrap_or(1)), per_key);
        let named = |(name, (size, per_key))| (Cow::Owned(name), size, per_key);
        std::iter::once(cpu).chain(self.pools.into_iter().map(named))
    }
}

/// Whether a pool may have this name and size.
pub(super) fn check(pool: &str, permits: u64) -> Result<u64, String> {
    let letters = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if pool.is_empty() || !pool.chars().all(letters) {
        return Err(format!(
            "`{pool}` is no name of a pool; one is made of letters, digits, `_` and `-`, so that the environment can name \
             it too"
        ));
    }
    if in_environment(pool).ends_with(PER_KEY) {
        return Err(format!(
            "`{pool}` is no name of a pool: in the environment, `{PER_KEY}` at the end means the limit per key; choose \
             another name"
        ));
    }
    if permits == 0 {
        return Err(format!(
            "the pool `{pool}` would have no permits, and whatever needs one could never run; give it at least 1"
        ));
    }
    Ok(permits)
}

/// The name of a pool as it stands in the environment.
pub(super) fn in_environment(pool: &str) -> String {
    pool.to_ascii_uppercase().replace('-', "_")
}

/// The line that defines a pool, for whoever misses it.
pub(super) fn line(pool: &str, permits: u64) -> String {
    format!(
        "add `.limit(\"{pool}\", {permits})` to `Runtime::builder()`, or set {PREFIX}{}={permits}",
        in_environment(pool)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pools(settings: Settings) -> Vec<(String, Option<u64>, Option<u64>)> {
        settings.into_pools().map(|(name, size, per_key)| (name.into_owned(), size, per_key)).collect()
    }

    #[test]
    fn the_environment_beats_the_program() {
        let mut settings = Settings::default();
        settings.size("cpu".into(), 2);
        settings.size("shop-api".into(), 4);
        settings.said("SHOP_API", "8");
        settings.said("SHOP_API_PER_KEY", "2");
        settings.said("MEMORY", "2GiB");
        assert_eq!(settings.fault(), None);
        assert_eq!(
            pools(settings),
            [
                ("cpu".into(), Some(2), None),
                ("memory".into(), Some(2 << 30), None),
                ("shop-api".into(), Some(8), Some(2)),
            ]
        );
    }

    #[test]
    fn what_cannot_be_meant_is_named() {
        let fault = |change: &dyn Fn(&mut Settings)| {
            let mut settings = Settings::default();
            change(&mut settings);
            settings.fault().map(ToOwned::to_owned).unwrap_or_default()
        };
        assert!(fault(&|settings| settings.said("API", "many")).contains("ORCH_LIMIT_API=many"));
        assert!(fault(&|settings| settings.said("API", "0")).contains("from 1"));
        assert!(fault(&|settings| settings.size("api".into(), 0)).contains("at least 1"));
        assert!(fault(&|settings| settings.size("a b".into(), 1)).contains("letters"));
        assert!(fault(&|settings| settings.size("a_per_key".into(), 1)).contains("another name"));
        assert!(fault(&|settings| settings.size("api".into(), "2 gib")).contains("2GiB"));
    }
}
