//! The mistakes of one item, collected so that all of them are reported at once.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;

/// Everything that is wrong with one annotated item.
#[derive(Default)]
pub(crate) struct Errors {
    list: Vec<syn::Error>,
}

impl Errors {
    /// Records a mistake at `at`; see [`mistake`].
    pub(crate) fn refuse(&mut self, at: impl ToTokens, rule: &str, reason: &str, fix: &str) {
        self.list.push(mistake(at, rule, reason, fix));
    }

    pub(crate) fn push(&mut self, error: syn::Error) {
        self.list.push(error);
    }

    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    /// The mistakes as `compile_error!` invocations, which stand wherever statements or items may.
    pub(crate) fn into_tokens(self) -> TokenStream {
        self.list.iter().map(syn::Error::to_compile_error).collect()
    }
}

/// One message: what the rule is, why it exists, and what to write instead.
pub(crate) fn mistake(at: impl ToTokens, rule: &str, reason: &str, fix: &str) -> syn::Error {
    syn::Error::new_spanned(at, format!("{rule}\n= note: {reason}\n= help: {fix}"))
}

/// A message for what the grammar of the attribute does not allow, where the rule is its own reason. Without tokens it
/// stands at the attribute.
pub(crate) fn unexpected(at: impl ToTokens, rule: &str, fix: &str) -> syn::Error {
    let at = at.into_token_stream();
    let message = format!("{rule}\n= help: {fix}");
    if at.is_empty() {
        syn::Error::new(Span::call_site(), message)
    } else {
        syn::Error::new_spanned(at, message)
    }
}

/// The known name that `typed` was probably meant to be.
pub(crate) fn did_you_mean<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = (typed.chars().count() / 3).max(1);
    known
        .into_iter()
        .filter_map(|name| {
            let distance = strsim::osa_distance(typed, name);
            // `max_retries` and `retry_backoff` hold the right word and too many letters around it.
            let holds =
                name.len() >= 4 && (typed.contains(name) || (typed.len() >= 4 && name.contains(typed)));
            (distance <= allowed || holds).then_some((distance, name))
        })
        .min()
        .map(|(_, name)| name)
}

/// The known names as a sentence part: `` `a`, `b` and `c` ``.
pub(crate) fn enumerate<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match quoted.as_slice() {
        [] => "none".to_owned(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_found_and_far_ones_are_not() {
        let known = ["retries", "retry_if", "timeout", "tags", "name"];
        for (typed, meant) in [
            ("retrise", Some("retries")),
            ("retry", Some("retry_if")),
            ("max_retries", Some("retries")),
            ("time_out", Some("timeout")),
            ("tag", Some("tags")),
            ("colour", None),
            ("x", None),
        ] {
            assert_eq!(did_you_mean(typed, known), meant, "{typed}");
        }
    }

    #[test]
    fn names_are_listed_as_in_a_sentence() {
        assert_eq!(enumerate(["a"]), "`a`");
        assert_eq!(enumerate(["a", "b", "c"]), "`a`, `b` and `c`");
    }
}
