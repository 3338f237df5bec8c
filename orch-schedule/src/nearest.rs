//! The known name that a mistyped one was probably meant to be.

/// The nearest of `known`, if it is near enough; large and small letters count the same.
pub(crate) fn nearest<'a>(typed: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let lower = typed.to_ascii_lowercase();
    let allowed = (typed.chars().count() / 4).clamp(1, 3);
    known
        .filter_map(|name| {
            let candidate = name.to_ascii_lowercase();
            // `Berlin` alone is what people remember of `Europe/Berlin`.
            let city = candidate.rsplit('/').next() == Some(&lower);
            // There are at least as many edits as the lengths differ, and a character has up to four bytes.
            if !city && lower.len().abs_diff(candidate.len()) > 4 * allowed {
                return None;
            }
            let distance = if city { 0 } else { strsim::osa_distance(&lower, &candidate) };
            (distance <= allowed).then_some((distance, name))
        })
        .min()
        .map(|(_, name)| name)
}
