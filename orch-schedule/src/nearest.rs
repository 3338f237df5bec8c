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
            let distance = if city { 0 } else { distance(&lower, &candidate) };
            (distance <= allowed).then_some((distance, name))
        })
        .min()
        .map(|(_, name)| name)
}

/// Levenshtein distance with adjacent swaps counted as one edit.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let substitution = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = substitution.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}
