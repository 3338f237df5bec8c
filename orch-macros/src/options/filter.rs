//! `filter = |order: &Order| order.total > 100`: what of all that happens starts the flow.

use syn::parse::ParseStream;
use syn::{Expr, ExprClosure, Ident, Pat, Type};

use super::reader;
use crate::diagnostics::mistake;
use crate::types::{peel, written};

const EXAMPLE: &str = "filter = |order: &Order| order.total > 100";

/// Reads what follows `filter`.
pub(super) fn parse(keyword: &Ident, input: ParseStream<'_>) -> syn::Result<Expr> {
    let takes = "a closure or the path of a function";
    reader::equals(keyword, input, takes, EXAMPLE)?;
    let start = input.fork();
    let value: Expr = input.parse().map_err(|_| reader::wrong(keyword, &start, takes, EXAMPLE))?;
    let mut look = &value;
    loop {
        match look {
            Expr::Group(group) => look = &group.expr,
            Expr::Paren(paren) => look = &paren.expr,
            Expr::Lit(_) => return Err(reader::wrong(keyword, &start, takes, EXAMPLE)),
            Expr::Closure(closure) => {
                closure_of_one_reference(closure)?;
                return Ok(value);
            }
            _ => return Ok(value),
        }
    }
}

/// What the compiler would say at length about a closure that cannot be a filter.
fn closure_of_one_reference(closure: &ExprClosure) -> syn::Result<()> {
    let (mut inputs, fix) = (closure.inputs.iter(), format!("write for example `{EXAMPLE}`"));
    let (Some(input), None) = (inputs.next(), inputs.next()) else {
        let (rule, reason) = ("a filter has one parameter", "it looks at what has happened");
        return Err(mistake(closure, rule, reason, &fix));
    };
    let Pat::Type(typed) = input else {
        return Err(mistake(
            input,
            "a filter says the type of its parameter",
            "what has happened is read as a value of this type",
            &fix,
        ));
    };
    if !matches!(peel(&typed.ty), Type::Reference(_)) {
        return Err(mistake(
            &typed.ty,
            "a filter takes a reference",
            "what it lets pass goes on to the flow",
            &format!("write `&{}`", written(&typed.ty)),
        ));
    }
    Ok(())
}
