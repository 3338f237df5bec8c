//! Types that cannot be owned, stored or hashed.

use syn::{Path, PathArguments, ReturnType, Type, TypeReference};

use crate::diagnostics::Errors;
use crate::model::{Kind, Model, Output, Parameter, Role};
use crate::types::{Part, peel, walk, written};

/// Why a parameter may borrow nothing but itself.
pub(super) const OWNS: &str =
    "a call owns its arguments: they are stored, hashed and handed to later attempts";

const RETURNS: &str = "the result is stored, and it outlives the arguments that it would borrow from";

/// Sets whose order is random; serde shows them as plain sequences.
const RANDOM_SETS: [&str; 3] = ["HashSet", "FxHashSet", "AHashSet"];

/// The type of a parameter: owned, or one plain outer `&`.
pub(super) fn parameter(kind: Kind, parameter: &Parameter, errors: &mut Errors) {
    let inside = match peel(&parameter.ty) {
        Type::Reference(outer) => {
            outer_reference(outer, errors);
            &outer.elem
        }
        _ => &parameter.ty,
    };
    // A `&mut &'a T` is one thing to correct, not three.
    let mut borrows = matches!(peel(inside), Type::Reference(_));
    if borrows {
        refuse_nested(peel(inside), "a parameter is borrowed once at most", errors);
    }
    walk(inside, &mut |part| match part {
        Part::Reference(reference) if !borrows => {
            borrows = true;
            refuse_nested(
                &Type::Reference(reference.clone()),
                "a parameter holds no borrow but one outer `&`",
                errors,
            );
        }
        Part::Lifetime(lifetime) if !borrows => {
            borrows = true;
            errors.refuse(
                lifetime,
                "a parameter holds no borrow but one outer `&`",
                OWNS,
                &own_instead_of(&parameter.ty, "name a type without lifetimes"),
            );
        }
        Part::ImplTrait(found) => errors.refuse(
            found,
            "a parameter has a named type, not `impl Trait`",
            "which type it is would be part of the call's identity, and nothing in the source names it",
            "write the type, or a type parameter: `fn f<T: Trait>(x: T)`",
        ),
        Part::Path(path) => {
            elided_cow(path, &mut borrows, errors);
            self_type(kind, path, errors);
            if parameter.role == Role::Data {
                random_set(path, parameter, errors);
            }
        }
        Part::Reference(_) | Part::Lifetime(_) | Part::Never(_) => {}
    });
}

fn outer_reference(outer: &TypeReference, errors: &mut Errors) {
    let owned = written(&outer.elem);
    if let Some(mutability) = &outer.mutability {
        errors.refuse(
            mutability,
            "a parameter is not borrowed mutably",
            "the body works on its own copy, and the caller would never see the change",
            &format!("take `{owned}` by value, and return what has changed"),
        );
    }
    if let Some(lifetime) = &outer.lifetime {
        errors.refuse(lifetime, "a borrowed parameter names no lifetime", OWNS, &format!("write `&{owned}`"));
    }
}

fn refuse_nested(ty: &Type, rule: &str, errors: &mut Errors) {
    let fix = match ty {
        Type::Reference(reference) => match peel(&reference.elem) {
            Type::Path(path) if path.path.is_ident("str") => "own it: `String` instead of `&str`".to_owned(),
            Type::Slice(slice) => {
                let elem = written(&slice.elem);
                format!("own it: `Vec<{elem}>` instead of `&[{elem}]`")
            }
            elem => format!("own it: `{0}` instead of `&{0}`", written(elem)),
        },
        _ => "own it".to_owned(),
    };
    errors.refuse(ty, rule, OWNS, &fix);
}

/// `Cow<str>` borrows as `Cow<'_, str>` does.
fn elided_cow(path: &Path, borrows: &mut bool, errors: &mut Errors) {
    let Some(last) = path.segments.last().filter(|last| last.ident == "Cow") else {
        return;
    };
    if let PathArguments::AngleBracketed(arguments) = &last.arguments
        && arguments.args.iter().all(|argument| matches!(argument, syn::GenericArgument::Type(_)))
        && !*borrows
    {
        *borrows = true;
        let rule = "a parameter holds no borrow but one outer `&`";
        errors.refuse(path, rule, OWNS, "write `&str` or `String` instead of `Cow<str>`");
    }
}

fn own_instead_of(ty: &Type, otherwise: &str) -> String {
    match peel(ty) {
        Type::Path(path) => match path.path.segments.last() {
            Some(last) if last.ident == "Cow" => {
                format!("write `&str` or `String` instead of `{}`", written(ty))
            }
            _ => otherwise.to_owned(),
        },
        _ => otherwise.to_owned(),
    }
}

fn self_type(kind: Kind, path: &Path, errors: &mut Errors) {
    if path.segments.first().is_some_and(|first| first.ident == "Self") {
        errors.refuse(
            path,
            &format!("the signature of {} does not mention `Self`", kind.noun()),
            "the body becomes a function inside the annotated one, where `Self` has no meaning",
            "write the name of the type",
        );
    }
}

fn random_set(path: &Path, parameter: &Parameter, errors: &mut Errors) {
    let Some(last) = path.segments.last() else { return };
    if RANDOM_SETS.iter().any(|set| last.ident == set) {
        errors.refuse(
            &last.ident,
            &format!("an argument contains no `{}`", last.ident),
            "serde shows it as a sequence in random order, so equal sets would get different keys",
            &format!("take a `BTreeSet`, or leave it out of the key with `skip({})`", parameter.name),
        );
    }
}

/// The type of the result.
pub(super) fn output(model: &Model, errors: &mut Errors) {
    let ReturnType::Type(_, whole) = &model.item.sig.output else {
        return;
    };
    let value = match &model.output {
        Output::Result(success, _) => success,
        _ => &**whole,
    };
    let mut borrows = false;
    walk(value, &mut |part| match part {
        Part::Reference(_) | Part::Lifetime(_) if borrows => {}
        Part::Reference(reference) => {
            borrows = true;
            let owned = match peel(&reference.elem) {
                Type::Path(path) if path.path.is_ident("str") => "String".to_owned(),
                Type::Slice(slice) => format!("Vec<{}>", written(&slice.elem)),
                elem => written(elem),
            };
            errors.refuse(
                reference,
                &format!("{} returns an owned value", model.kind.noun()),
                RETURNS,
                &format!("return `{owned}`"),
            );
        }
        Part::Lifetime(lifetime) => {
            borrows = true;
            let rule = format!("{} returns an owned value", model.kind.noun());
            errors.refuse(lifetime, &rule, RETURNS, "return a type without lifetimes");
        }
        Part::ImplTrait(found) => errors.refuse(
            found,
            &format!("{} returns a named type, not `impl Trait`", model.kind.noun()),
            "the result is read back from the journal, and for that its type must be known",
            "write the type, or collect into one: `Vec<T>` instead of `impl Iterator<Item = T>`",
        ),
        Part::Never(never) => errors.refuse(
            never,
            &format!("{} returns", model.kind.noun()),
            "its result is what is recorded, and a function of type `!` has none",
            "return `()`, or a `Result` whose error ends the work",
        ),
        Part::Path(path) => self_type(model.kind, path, errors),
    });
    if let Output::Result(_, Some(error)) = &model.output {
        error_side(model, error, errors);
    }
}

/// The error of a `Result` may be `'static`, but borrows nothing.
fn error_side(model: &Model, error: &Type, errors: &mut Errors) {
    walk(error, &mut |part| match part {
        Part::Reference(reference) if reference.lifetime.as_ref().is_none_or(|it| it.ident != "static") => {
            let rule = format!("the error of {} is owned", model.kind.noun());
            errors.refuse(reference, &rule, "it is recorded, and outlives the arguments", "return `String`");
        }
        Part::ImplTrait(found) => {
            let rule = format!("the error of {} is a named type, not `impl Trait`", model.kind.noun());
            errors.refuse(found, &rule, "its type name is recorded", "write the type");
        }
        Part::Path(path) => self_type(model.kind, path, errors),
        Part::Reference(_) | Part::Lifetime(_) | Part::Never(_) => {}
    });
}
