//! The hash that tells whether a function's text has changed.

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Ident, Signature};

/// Hashes signature and block token by token, so that white space, comments and docs do not count.
///
/// The function's own name does not count either: `formerly = "…"` keeps the records of a renamed function, and a
/// new name alone is no edit.
pub(crate) fn body_hash(signature: &Signature, block: &TokenStream) -> u64 {
    let mut signature = signature.clone();
    signature.ident = Ident::new("f", signature.ident.span());
    let mut hash = Fnv::new();
    hash.tokens(signature.into_token_stream());
    hash.tokens(block.clone());
    hash.finish()
}

/// FNV-1a with 64 bits (Fowler, Noll and Vo; constants of draft-eastlake-fnv), chosen because its values are fixed
/// by its specification: the standard library's hashers may change with any release.
struct Fnv(u64);

impl Fnv {
    fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    fn bytes(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    /// One token: its kind, its text and an end, so that `ab c` and `a bc` differ.
    fn token(&mut self, kind: u8, text: &str) {
        self.bytes(&[kind]);
        self.bytes(text.as_bytes());
        self.bytes(&[0xff]); // Never part of UTF-8.
    }

    fn tokens(&mut self, stream: TokenStream) {
        self.run(stream, false);
    }

    fn run(&mut self, stream: TokenStream, drop_last_comma: bool) {
        let mut rest = stream.into_iter().peekable();
        while let Some(token) = rest.next() {
            match token {
                TokenTree::Punct(punct)
                    if drop_last_comma && punct.as_char() == ',' && rest.peek().is_none() => {}
                TokenTree::Punct(punct) if punct.as_char() == '#' => {
                    // `#[doc = "…"]` or `#![doc = "…"]`, which is also what a doc comment becomes.
                    let inner =
                        rest.next_if(|next| matches!(next, TokenTree::Punct(p) if p.as_char() == '!'));
                    if rest.next_if(is_doc).is_none() {
                        self.token(b'p', "#");
                        if inner.is_some() {
                            self.token(b'p', "!");
                        }
                    }
                }
                TokenTree::Punct(punct) => {
                    // `a && b` and `a & &b` are both valid and differ; elsewhere joined or not is white space.
                    let doubled = matches!(punct.as_char(), '&' | '|')
                        && punct.spacing() == Spacing::Joint
                        && matches!(rest.peek(), Some(TokenTree::Punct(next)) if next.as_char() == punct.as_char());
                    self.token(if doubled { b'j' } else { b'p' }, punct.as_char().encode_utf8(&mut [0; 4]));
                }
                TokenTree::Ident(ident) => self.token(b'i', &ident.to_string()),
                TokenTree::Literal(literal) => self.token(b'l', &literal.to_string()),
                TokenTree::Group(group) => {
                    let (open, close) = match group.delimiter() {
                        Delimiter::Parenthesis => ("(", ")"),
                        Delimiter::Brace => ("{", "}"),
                        Delimiter::Bracket => ("[", "]"),
                        // Without it `$e * 2` would hash alike for `1 + 2` and for `1` followed by `+ 2`.
                        Delimiter::None => ("<", ">"),
                    };
                    self.token(b'g', open);
                    // Formatting adds a last comma where it breaks lines; only `(a,)` means something of its own.
                    let commas = || group.stream().into_iter().filter(is_comma).count();
                    let layout = match group.delimiter() {
                        Delimiter::Brace | Delimiter::Bracket => true,
                        Delimiter::Parenthesis => commas() > 1,
                        Delimiter::None => false,
                    };
                    self.run(group.stream(), layout);
                    self.token(b'g', close);
                }
            }
        }
    }

    fn finish(self) -> u64 {
        self.0
    }
}

fn is_comma(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == ',')
}

fn is_doc(token: &TokenTree) -> bool {
    let TokenTree::Group(group) = token else {
        return false;
    };
    let mut inside = group.stream().into_iter();
    group.delimiter() == Delimiter::Bracket
        && matches!(inside.next(), Some(TokenTree::Ident(ident)) if ident == "doc")
        && matches!(inside.next(), Some(TokenTree::Punct(punct)) if punct.as_char() == '=')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(signature: &str, block: &str) -> u64 {
        let signature = syn::parse_str(signature).unwrap_or_else(|error| panic!("{error}"));
        body_hash(&signature, &block.parse().unwrap_or_else(|error| panic!("{error}")))
    }

    #[test]
    fn known_answer_stays_the_same_between_builds() {
        assert_eq!(
            hash("fn f()", "{}"),
            0x727c_8c8c_d3bc_4bc6,
            "a new value makes every cached result a miss"
        );
    }

    #[test]
    fn layout_comments_docs_and_the_name_do_not_count() {
        let plain = hash("fn f(x: Vec<Vec<u8>>) -> u8", "{ let a = x[0][0]; a }");
        assert_eq!(plain, hash("fn g(x:Vec<Vec<u8> >)->u8", "{let a=x[0][0];a}"));
        assert_eq!(plain, hash("fn f(x: Vec<Vec<u8>>) -> u8", "{ /* note */ let a = x[0][0]; // why\n a }"));
        assert_eq!(plain, hash("fn f(x: Vec<Vec<u8>>) -> u8", "{ /// doc\n let a = x[0][0]; a }"));
        assert_eq!(hash("fn f()", "{ g(a, [b, c]) }"), hash("fn f()", "{ g(a, [b, c,],) }"));
        assert_eq!(plain, hash("fn f(x: Vec<Vec<u8>>) -> u8", "{ #[doc = \"x\"] let a = x[0][0]; a }"));
    }

    #[test]
    fn every_other_token_counts() {
        let variants = [
            hash("fn f(a: bool, b: bool) -> bool", "{ a && b }"),
            hash("fn f(a: bool, b: bool) -> bool", "{ a & &b }"),
            hash("fn f(a: bool, b: bool) -> bool", "{ a || b }"),
            hash("async fn f(a: bool, b: bool) -> bool", "{ a && b }"),
            hash("fn f(a: bool, b: bool) -> bool", "{ #[inline] a && b }"),
            hash("fn f(a: bool, b: bool) -> bool", "{ (a && b) }"),
            hash("fn f(a: bool, b: bool) -> bool", "{ (a && b,) }"),
            hash("fn f(a: bool, c: bool) -> bool", "{ a && b }"),
            hash("fn f(a: bool, b: bool) -> bool", "{ a && \"b\" }"),
        ];
        for (i, one) in variants.iter().enumerate() {
            assert!(variants[i + 1..].iter().all(|other| one != other), "variant {i} collides");
        }
    }
}
