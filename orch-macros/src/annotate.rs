//! The way of an attribute: parse, validate, expand.

use proc_macro2::TokenStream;

use crate::diagnostics::Errors;
use crate::model::{Kind, Model};
use crate::{expand, fallback, item, options, validate};

/// Turns an annotated function into the tracked one.
///
/// All mistakes are reported together, and whatever they are, the function stays in the user's module: bad options
/// get their defaults, a signature that cannot be tracked becomes a stand-in, and what is no function is kept as it is.
pub(crate) fn annotate(kind: Kind, attribute: TokenStream, tokens: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let options = options::parse(kind, attribute, &mut errors);
    let item = match item::parse(kind, tokens.clone()) {
        Ok(item) => item,
        Err(error) => {
            errors.push(error);
            return fallback::echo(tokens, errors);
        }
    };
    let mut model = Model::new(kind, item, options);
    let before = errors.len();
    validate::signature(&mut model, &mut errors);
    let can_be_tracked = errors.len() == before;
    validate::options(&mut model, &mut errors);
    validate::body(&mut model);
    if can_be_tracked { expand::expand(&model, errors) } else { fallback::stand_in(&model, errors) }
}
