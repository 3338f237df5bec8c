//! `{a,b}` in patterns, which the matcher of single names does not know.

/// The most patterns that one stands for.
const MOST: usize = 256;

/// The patterns without braces that one with braces stands for.
///
/// # Errors
/// When a brace has no other one, or they are too many.
pub(super) fn expand(pattern: &str) -> Result<Vec<String>, String> {
    let mut expanded = Vec::new();
    let mut rest = vec![(String::new(), pattern.to_owned())];
    while let Some((done, open)) = rest.pop() {
        if expanded.len() + rest.len() >= MOST {
            return Err(format!("its braces stand for more than {MOST} patterns; use several triggers"));
        }
        match first(&open)? {
            None => expanded.push(done + &open),
            Some(Braces { before, alternatives, after }) => {
                let one = |alternative: &str| (format!("{done}{before}"), format!("{alternative}{after}"));
                rest.extend(alternatives.into_iter().rev().map(one));
            }
        }
    }
    Ok(expanded)
}

struct Braces<'a> {
    before: &'a str,
    alternatives: Vec<&'a str>,
    after: &'a str,
}

/// The first pair of braces.
fn first(pattern: &str) -> Result<Option<Braces<'_>>, String> {
    let (mut depth, mut begin, mut from) = (0_usize, 0, 0);
    let mut alternatives = Vec::new();
    let mut at = 0;
    while let Some(found) = pattern[at..].find(['{', '}', ',', '[']) {
        at += found;
        match pattern.as_bytes()[at] {
            b'[' => {
                at += class(&pattern[at..]);
                continue;
            }
            b'{' => {
                depth += 1;
                if depth == 1 {
                    (begin, from) = (at, at + 1);
                }
            }
            b'}' if depth == 0 => {
                return Err("it has a `}` without a `{`; a brace itself is `[}]`".to_owned());
            }
            b'}' => {
                depth -= 1;
                if depth == 0 {
                    alternatives.push(&pattern[from..at]);
                    let (before, after) = (&pattern[..begin], &pattern[at + 1..]);
                    return Ok(Some(Braces { before, alternatives, after }));
                }
            }
            _ if depth == 1 => {
                alternatives.push(&pattern[from..at]);
                from = at + 1;
            }
            _ => {}
        }
        at += 1;
    }
    match depth {
        0 => Ok(None),
        _ => Err("it has a `{` without a `}`; a brace itself is `[{]`".to_owned()),
    }
}

/// How long the class of characters is with which this begins: what stands in it is no brace. The matcher of names tells of
/// one that does not end.
fn class(text: &str) -> usize {
    let inside = text[1..].strip_prefix('!').unwrap_or(&text[1..]);
    // A bracket that stands first is one of the characters.
    let skipped = text.len() - inside.len() + inside.chars().next().map_or(0, char::len_utf8);
    text[skipped..].find(']').map_or(text.len(), |end| skipped + end + 1)
}
