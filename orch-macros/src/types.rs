//! Looking into types.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{
    GenericArgument, Lifetime, Path, PathArguments, ReturnType, Type, TypeImplTrait, TypeNever,
    TypeParamBound, TypeReference,
};

/// The type without the invisible groups that `macro_rules` puts around it, and without parentheses.
pub(crate) fn peel(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => peel(&group.elem),
        Type::Paren(paren) => peel(&paren.elem),
        other => other,
    }
}

/// A part of a type that some rule is about.
pub(crate) enum Part<'a> {
    Reference(&'a TypeReference),
    Lifetime(&'a Lifetime),
    ImplTrait(&'a TypeImplTrait),
    Never(&'a TypeNever),
    Path(&'a Path),
}

/// Shows every part of `ty` to `see`, from the outside in.
///
/// What stands behind a `fn(…)` or `Fn(…)` is left out: its lifetimes are bound there and borrow nothing.
pub(crate) fn walk<'a>(ty: &'a Type, see: &mut dyn FnMut(Part<'a>)) {
    match ty {
        Type::Group(inner) => walk(&inner.elem, see),
        Type::Paren(inner) => walk(&inner.elem, see),
        Type::Array(inner) => walk(&inner.elem, see),
        Type::Slice(inner) => walk(&inner.elem, see),
        Type::Ptr(inner) => walk(&inner.elem, see),
        Type::Tuple(tuple) => tuple.elems.iter().for_each(|elem| walk(elem, see)),
        Type::Reference(reference) => {
            see(Part::Reference(reference));
            walk(&reference.elem, see);
        }
        Type::ImplTrait(inner) => see(Part::ImplTrait(inner)),
        Type::Never(inner) => see(Part::Never(inner)),
        Type::TraitObject(object) => {
            for bound in &object.bounds {
                if let TypeParamBound::Trait(bound) = bound {
                    walk_path(&bound.path, see);
                }
            }
        }
        Type::Path(path) => {
            if let Some(qself) = &path.qself {
                walk(&qself.ty, see);
            }
            walk_path(&path.path, see);
        }
        _ => {}
    }
}

fn walk_path<'a>(path: &'a Path, see: &mut dyn FnMut(Part<'a>)) {
    see(Part::Path(path));
    for segment in &path.segments {
        let PathArguments::AngleBracketed(arguments) = &segment.arguments else {
            continue;
        };
        for argument in &arguments.args {
            match argument {
                GenericArgument::Lifetime(lifetime) => see(Part::Lifetime(lifetime)),
                GenericArgument::Type(ty) => walk(ty, see),
                GenericArgument::AssocType(binding) => walk(&binding.ty, see),
                _ => {}
            }
        }
    }
}

/// The type arguments of a return type whose last path segment is exactly `Result`: none for `fmt::Result`, the success
/// type for `io::Result<T>`, and the error too for `Result<T, E>`.
pub(crate) fn result_of(output: &ReturnType) -> Option<Vec<&Type>> {
    let ReturnType::Type(_, ty) = output else {
        return None;
    };
    let Type::Path(path) = peel(ty) else { return None };
    let last = path.path.segments.last().filter(|last| last.ident == "Result")?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else {
        return Some(Vec::new());
    };
    let types = arguments.args.iter().filter_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    });
    Some(types.collect())
}

/// Tokens as a person would write them, for messages.
pub(crate) fn written(tokens: impl ToTokens) -> String {
    let tokens: TokenStream = tokens.into_token_stream();
    let mut text = tokens.to_string();
    for (wide, tight) in [
        (" :: ", "::"),
        (":: ", "::"),
        ("& ", "&"),
        (" < ", "<"),
        (" <", "<"),
        ("< ", "<"),
        (" >", ">"),
        (" ,", ","),
        ("' ", "'"),
        (" (", "("),
    ] {
        text = text.replace(wide, tight);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> usize {
        let ty: Type = syn::parse_str(text).unwrap_or_else(|error| panic!("{error}"));
        let mut count = 0;
        walk(&ty, &mut |part| count += usize::from(matches!(part, Part::Reference(_) | Part::Lifetime(_))));
        count
    }

    #[test]
    fn borrows_are_found_wherever_they_stand() {
        for (text, count) in [
            ("String", 0),
            ("&str", 1),
            ("&&str", 2),
            ("&[&str]", 2),
            ("Option<&str>", 1),
            ("Cow<'_, str>", 1),
            ("(u8, Box<[&'static str; 2]>)", 1),
            ("Arc<dyn Fn(&str) -> &str + Send + 'static>", 0),
            ("fn(&str)", 0),
            ("<Vec<&u8> as IntoIterator>::Item", 1),
        ] {
            assert_eq!(parts(text), count, "{text}");
        }
    }

    #[test]
    fn only_a_last_segment_that_is_exactly_result_is_one() {
        let success = |text: &str| {
            let output: ReturnType = syn::parse_str(text).unwrap_or_else(|error| panic!("{error}"));
            result_of(&output).map(|types| types.iter().map(written).collect::<Vec<_>>().join(" or "))
        };
        assert_eq!(success("-> Result<u32, E>").as_deref(), Some("u32 or E"));
        assert_eq!(success("-> anyhow::Result<Vec<u8>>").as_deref(), Some("Vec<u8>"));
        assert_eq!(success("-> std::fmt::Result").as_deref(), Some(""));
        assert_eq!(success("-> SearchResult<u32>"), None);
        assert_eq!(success("-> Option<Result<u32, E>>"), None);
        assert_eq!(success(""), None);
    }
}
