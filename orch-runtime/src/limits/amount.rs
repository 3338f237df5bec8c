//! How many permits: a number, or a size such as `"2GiB"`.

/// A number of permits: of a pool, or what a call takes of one.
///
/// A number counts calls or whatever a pool is for; a text is a size in bytes (`B`, `KB`, `MB`, `GB`, `TB`, `KiB`, `MiB`,
/// `GiB`, `TiB`), for pools of memory or disk space.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no number of permits",
    label = "this is to be a `u64`, or a size in quotes such as \"2GiB\"",
    note = "convert it: `u64::from(n)`, or `n as u64`"
)]
pub trait Permits {
    /// The number.
    ///
    /// # Errors
    /// What is wrong with the text, and what to write instead.
    fn permits(self) -> Result<u64, String>;
}

impl Permits for u64 {
    fn permits(self) -> Result<u64, String> {
        Ok(self)
    }
}

impl Permits for &str {
    fn permits(self) -> Result<u64, String> {
        parse(self).ok_or_else(|| {
            format!(
                "`{self}` is no number of permits; write a whole number such as 4, or a size such as `2GiB`"
            )
        })
    }
}

const UNITS: [(&str, u64); 9] = [
    ("B", 1),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
];

/// A whole number, with one of the units or without.
pub(super) fn parse(text: &str) -> Option<u64> {
    let text = text.trim();
    let (digits, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let factor = match unit.trim_start() {
        "" => 1,
        unit => UNITS.iter().find(|(name, _)| *name == unit)?.1,
    };
    digits.parse::<u64>().ok()?.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_sizes() {
        for (text, permits) in [("4", Some(4)), ("2GiB", Some(2 << 30)), (" 10 MB ", Some(10_000_000))] {
            assert_eq!(parse(text), permits, "{text}");
        }
        for text in ["", "four", "-1", "1.5GB", "2gib", "99999999TiB"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
