//! What only flows have.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};

use super::schedules;
use crate::model::Model;

/// Attributes of the outer function: a private flow that is only started by name is not dead code.
pub(super) fn own_attributes() -> TokenStream {
    quote!(#[allow(dead_code)])
}

/// The definition's options that only flows have.
///
/// Input: `strict, resume = "manual"`. Output: `.strict().resumes_by_hand()`, and the schedules.
pub(super) fn options(model: &Model) -> TokenStream {
    let strict = model.options.strict.then(|| quote_spanned!(model.span=> .strict()));
    let by_hand = model.options.resumes_by_hand.then(|| quote_spanned!(model.span=> .resumes_by_hand()));
    let schedules = schedules::option(model);
    quote!(#strict #by_hand #schedules)
}
