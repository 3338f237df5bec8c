//! Functions that cannot be tracked.

use quote::ToTokens as _;
use syn::{GenericParam, Meta, Safety};

use super::types;
use crate::diagnostics::Errors;
use crate::model::{Model, Parameter};

/// serde implements its traits for tuples of up to this many elements.
const MOST_ARGUMENTS: usize = 16;

/// Reports what makes the function untrackable; with any of it, the stand-in is written instead.
pub(crate) fn signature(model: &mut Model, errors: &mut Errors) {
    second_annotation(model, errors);
    qualifiers(model, errors);
    generics(model, errors);
    for parameter in &model.parameters {
        attributes(parameter, errors);
        types::parameter(model.kind, parameter, errors);
    }
    types::output(model, errors);
    if let Some(one_too_many) = model.arguments().nth(MOST_ARGUMENTS) {
        errors.refuse(
            &one_too_many.name,
            &format!("{} takes at most {MOST_ARGUMENTS} arguments", model.kind.noun()),
            "serde stores tuples of up to that size",
            "group arguments that belong together in a struct",
        );
    }
}

/// `#[task]` and `#[flow]`, or one of them twice. The second one is taken off.
fn second_annotation(model: &mut Model, errors: &mut Errors) {
    let kind = model.kind;
    model.item.inner.retain(|attribute| {
        let path = attribute.path();
        let ours =
            path.segments.len() == 1 || path.segments.first().is_some_and(|first| first.ident == "orch");
        let second =
            ours && path.segments.last().is_some_and(|last| last.ident == "task" || last.ident == "flow");
        if second {
            errors.refuse(
                attribute,
                "a function is one task or one flow",
                &format!("{} stands before it already", kind.attribute()),
                "keep one of the two attributes; a flow may call tasks, and a task may be called alone",
            );
        }
        !second
    });
}

fn qualifiers(model: &Model, errors: &mut Errors) {
    let (sig, noun) = (&model.item.sig, model.kind.noun());
    if let Some(constness) = &sig.constness {
        errors.refuse(
            constness,
            &format!("{noun} is not `const`"),
            "a call is recorded, and nothing is recorded while compiling",
            "remove `const`, or annotate a function that calls this one",
        );
    }
    if let Safety::Unsafe(unsafety) = &sig.safety {
        errors.refuse(
            unsafety,
            &format!("{noun} is not `unsafe`"),
            "the body is called again on retries and resumes, where no caller can uphold its conditions",
            "write a safe function around the `unsafe` block and annotate that",
        );
    }
    if let Some(abi) = &sig.abi {
        errors.refuse(
            abi,
            &format!("{noun} has no `extern` calling convention"),
            "calling it returns a `Call`, which foreign code cannot await",
            "remove `extern`, or annotate a function that the foreign entry point calls",
        );
    }
    if let Some(variadic) = &sig.variadic {
        errors.refuse(
            variadic.dots,
            &format!("{noun} has a fixed list of parameters"),
            "arguments are stored and hashed, and the types of variadic ones are unknown",
            "take a `Vec` instead",
        );
    }
    if let Some(receiver) = sig.receiver() {
        errors.refuse(
            receiver,
            &format!("{noun} takes no `self`"),
            "a call is stored and may run again in another process, where the object does not exist",
            "make it a free function: pass data as arguments and services as `#[provided]` parameters",
        );
    }
    if sig.ident == "main" {
        errors.refuse(
            &sig.ident,
            &format!("`main` is not {noun}"),
            "the program starts it, and nothing would await the `Call` that it returns",
            "move the body into an annotated function and call that from `main`",
        );
    }
}

fn generics(model: &Model, errors: &mut Errors) {
    for parameter in &model.item.sig.generics.params {
        if let GenericParam::Lifetime(lifetime) = parameter {
            errors.refuse(
                lifetime,
                &format!("{} has no lifetime parameters", model.kind.noun()),
                types::OWNS,
                &format!("remove `{}`; a plain `&T` parameter needs none", lifetime.lifetime),
            );
        }
    }
}

fn attributes(parameter: &Parameter, errors: &mut Errors) {
    for attribute in &parameter.attrs {
        if attribute.path().is_ident("cfg") || attribute.path().is_ident("cfg_attr") {
            errors.refuse(
                attribute,
                "a parameter has no `#[cfg]`",
                "the stored form of a call would differ between builds of one program",
                "put `#[cfg]` on two versions of the whole function, or take an `Option`",
            );
        }
        if ["provide", "inject", "skip"].iter().any(|near| attribute.path().is_ident(near)) {
            let fix = if attribute.path().is_ident("skip") {
                format!("name it in the attribute of the function: `skip({})`", parameter.name)
            } else {
                "did you mean `#[provided]`?".to_owned()
            };
            errors.refuse(
                attribute,
                &format!("parameters have no attribute `{}`", attribute.path().to_token_stream()),
                "the one that exists is `#[provided]`, for values of the runtime",
                &fix,
            );
        }
        if attribute.path().is_ident("provided") && !matches!(attribute.meta, Meta::Path(_)) {
            errors.refuse(
                attribute,
                "`#[provided]` takes no arguments",
                "the value is found by the parameter's type",
                "write `#[provided]`",
            );
        }
    }
}
