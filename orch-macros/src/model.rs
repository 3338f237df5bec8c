//! What the expansion is made from: plain data between reading and writing.

use proc_macro2::Span;
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{Attribute, FnArg, Ident, Pat, ReturnType, Signature, Type};

use crate::hash::body_hash;
use crate::item::Item;
use crate::options::Options;
use crate::paths::Paths;
use crate::types::{peel, result_of};

/// Flow or task.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Task,
    Flow,
}

impl Kind {
    /// As it is written, quoted.
    pub(crate) fn attribute(self) -> &'static str {
        match self {
            Self::Task => "`#[task]`",
            Self::Flow => "`#[flow]`",
        }
    }

    /// As a sentence says it.
    pub(crate) fn noun(self) -> &'static str {
        match self {
            Self::Task => "a task",
            Self::Flow => "a flow",
        }
    }
}

/// An annotated function, read.
pub(crate) struct Model {
    pub(crate) kind: Kind,
    /// Attributes, signature and block; the signature without `#[provided]`.
    pub(crate) item: Item,
    pub(crate) options: Options,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) output: Output,
    pub(crate) hash: u64,
    /// What is to be said about the body.
    pub(crate) warnings: Vec<Warning>,
    pub(crate) paths: Paths,
    /// Stands at the function's name, with the hygiene of the macro: local names cannot meet the user's.
    pub(crate) span: Span,
}

/// Something in the body that compiles, but hardly does what is meant.
pub(crate) struct Warning {
    pub(crate) text: String,
    pub(crate) at: Span,
}

/// A parameter other than `self`.
pub(crate) struct Parameter {
    /// What callers see; a pattern gets a name of its own.
    pub(crate) name: Ident,
    /// As written.
    pub(crate) ty: Type,
    pub(crate) pass: Pass,
    pub(crate) role: Role,
    /// All attributes as written, those included that were taken off.
    pub(crate) attrs: Vec<Attribute>,
}

/// How the body takes the parameter.
pub(crate) enum Pass {
    Owned(Type),
    /// `&T`, with this `T`.
    Borrowed(Type),
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Hashed and stored.
    Data,
    /// Handed over, neither hashed nor stored.
    Skipped,
    /// Taken from the runtime; callers do not see it.
    Provided,
}

/// What the body returns.
pub(crate) enum Output {
    /// Anything but a `Result`; `None` is `()`.
    Infallible(Option<Type>),
    /// A `Result` with a written success type, and a written error type where it is no alias such as `io::Result<T>`.
    Result(Type, Option<Box<Type>>),
    /// A `Result` under another name.
    Alias(Type),
}

impl Output {
    pub(crate) fn is_fallible(&self) -> bool {
        !matches!(self, Self::Infallible(_))
    }

    /// Where a message about the error belongs.
    pub(crate) fn error_span(&self) -> Option<Span> {
        match self {
            Self::Infallible(_) => None,
            Self::Result(success, error) => Some(error.as_deref().unwrap_or(success).span()),
            Self::Alias(ty) => Some(ty.span()),
        }
    }
}

impl Model {
    /// Sorts what was read. It refuses nothing: whether it makes sense is for `validate` to say.
    pub(crate) fn new(kind: Kind, mut item: Item, options: Options) -> Self {
        let hash = body_hash(&item.sig, &item.block);
        let parameters = parameters(&mut item.sig, &options);
        let output = output(&item.sig.output, options.fallible);
        let span = item.sig.ident.span().resolved_at(Span::mixed_site());
        let paths = Paths::new(options.root.clone(), span);
        Self { kind, item, options, parameters, output, hash, warnings: Vec::new(), paths, span }
    }

    pub(crate) fn is_async(&self) -> bool {
        self.item.sig.asyncness.is_some()
    }

    /// Whether the function has type or const parameters; then no table entry can stand for all of its instances.
    pub(crate) fn is_generic(&self) -> bool {
        !self.item.sig.generics.params.is_empty()
    }

    /// The parameter of that name.
    pub(crate) fn parameter(&self, name: &Ident) -> Option<&Parameter> {
        self.parameters.iter().find(|parameter| parameter.name.unraw() == name.unraw())
    }

    /// What callers pass.
    pub(crate) fn arguments(&self) -> impl Iterator<Item = &Parameter> {
        self.parameters.iter().filter(|parameter| parameter.role != Role::Provided)
    }
}

/// Attributes of parameters that never reach the compiler: `provided`, and what is written by mistake for it.
const OURS: [&str; 4] = ["provided", "provide", "inject", "skip"];

fn parameters(sig: &mut Signature, options: &Options) -> Vec<Parameter> {
    let names: Vec<Option<Ident>> = sig.inputs.iter().map(plain_name).collect();
    let taken: Vec<String> = names.iter().flatten().map(ToString::to_string).collect();
    let mut parameters = Vec::new();
    for (index, (input, name)) in sig.inputs.iter_mut().zip(names).enumerate() {
        let FnArg::Typed(typed) = input else { continue };
        let attrs = typed.attrs.clone();
        typed.attrs.retain(|attribute| !OURS.iter().any(|ours| attribute.path().is_ident(ours)));
        let is_provided = attrs.iter().any(|attribute| attribute.path().is_ident("provided"));
        let name = name.unwrap_or_else(|| fresh_name(index, typed.pat.span(), &taken));
        let pass = match peel(&typed.ty) {
            Type::Reference(reference) => Pass::Borrowed((*reference.elem).clone()),
            _ => Pass::Owned((*typed.ty).clone()),
        };
        let role = if is_provided {
            Role::Provided
        } else if options.skip.iter().any(|skipped| skipped.unraw() == name.unraw()) {
            Role::Skipped
        } else {
            Role::Data
        };
        parameters.push(Parameter { name, ty: (*typed.ty).clone(), pass, role, attrs });
    }
    parameters
}

/// The name of `x`, `mut x`, `ref x` or `x @ …`.
fn plain_name(input: &FnArg) -> Option<Ident> {
    match input {
        FnArg::Typed(typed) => match &*typed.pat {
            Pat::Ident(pattern) => Some(pattern.ident.clone()),
            _ => None,
        },
        FnArg::Receiver(_) => None,
    }
}

/// `arg2` for the third parameter, longer if another one has that name.
fn fresh_name(index: usize, span: Span, taken: &[String]) -> Ident {
    let mut name = format!("arg{index}");
    while taken.contains(&name) {
        name.push('_');
    }
    Ident::new(&name, span.resolved_at(Span::mixed_site()))
}

fn output(written: &ReturnType, fallible: bool) -> Output {
    let ReturnType::Type(_, ty) = written else {
        return Output::Infallible(None);
    };
    match result_of(written).as_deref() {
        Some([success, rest @ ..]) => {
            Output::Result((*success).clone(), rest.first().map(|&error| Box::new(error.clone())))
        }
        Some([]) => Output::Alias((**ty).clone()),
        None if fallible => Output::Alias((**ty).clone()),
        None => Output::Infallible(Some((**ty).clone())),
    }
}
