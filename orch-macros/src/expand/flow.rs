//! What only flows have.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};

use super::{schedules, triggers};
use crate::model::Model;

/// Attributes of the outer function: a private flow that is only started by name is not dead code.
pub(super) fn own_attributes() -> TokenStream {
    quote!(#[allow(dead_code)])
}

/// The definition's options that only flows have.
///
/// Input: `strict, resume = "manual", max_concurrent = 3`. Output: `.strict().resumes_by_hand().max_concurrent(3u64)`, the
/// schedules and the triggers.
pub(super) fn options(model: &Model) -> TokenStream {
    let strict = model.options.strict.then(|| quote_spanned!(model.span=> .strict()));
    let by_hand = model.options.resumes_by_hand.then(|| quote_spanned!(model.span=> .resumes_by_hand()));
    let most = model.options.max_concurrent.map(|runs| {
        let runs = u64::from(runs);
        quote_spanned!(model.span=> .max_concurrent(#runs))
    });
    let schedules = schedules::option(model);
    let triggers = triggers::option(model);
    quote!(#strict #by_hand #most #schedules #triggers)
}
