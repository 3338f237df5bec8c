//! What only flows have.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};

use crate::model::Model;

/// Attributes of the outer function: a private flow that is only started by name is not dead code.
pub(super) fn own_attributes() -> TokenStream {
    quote!(#[allow(dead_code)])
}

/// The definition's options that only flows have.
///
/// Input: `strict`. Output: `.strict()`.
pub(super) fn options(model: &Model) -> TokenStream {
    if model.options.strict { quote_spanned!(model.span=> .strict()) } else { TokenStream::new() }
}
