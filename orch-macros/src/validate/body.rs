//! What a flow's body does and a resumed run cannot know of. It is said as a warning: there are good reasons for it.

use std::iter::Peekable;

use proc_macro2::{Delimiter, Spacing, Span, TokenStream, TokenTree, token_stream::IntoIter};

use crate::model::{Kind, Model, Warning};

type Tokens = Peekable<IntoIter>;

/// Collects the warnings.
///
/// Tokens are all there is to see, so only paths that are written out count: `tokio::time::sleep(…)` is found, a
/// `sleep(…)` that was imported is not, since it may be ours. Passed over is what is no part of the flow's own body:
/// nested functions, `orch::step`, and what a bare `tokio::spawn` runs.
pub(crate) fn body(model: &mut Model) {
    if model.kind == Kind::Flow {
        let mut warnings = Vec::new();
        scan(model.item.block.clone(), &mut warnings);
        model.warnings = warnings;
    }
}

fn scan(stream: TokenStream, warnings: &mut Vec<Warning>) {
    let mut rest = stream.into_iter().peekable();
    let mut before = None;
    while let Some(token) = rest.next() {
        match token {
            TokenTree::Group(group) => scan(group.stream(), warnings),
            TokenTree::Ident(ident) if ident == "fn" && is_ident(rest.peek()) => skip_function(&mut rest),
            TokenTree::Ident(ident) if ident == "use" => skip_to_semicolon(&mut rest),
            // What follows `Type::` after a `>` or `.` is no path that starts here.
            TokenTree::Ident(ident) if !matches!(before, Some('.' | '>')) => {
                let path = Path::read(ident.to_string(), ident.span(), &mut rest);
                judge(&path, &mut rest, warnings);
            }
            TokenTree::Punct(punct) if punct.as_char() == ':' && before == Some('>') => continue,
            TokenTree::Punct(punct) => {
                before = Some(punct.as_char());
                continue;
            }
            TokenTree::Ident(_) | TokenTree::Literal(_) => {}
        }
        before = None;
    }
}

/// `a::b::c`, without the type arguments at its end.
struct Path {
    segments: Vec<String>,
    last: Span,
}

impl Path {
    fn read(first: String, span: Span, rest: &mut Tokens) -> Self {
        let mut path = Self { segments: vec![first], last: span };
        while take_colons(rest) {
            match rest.next_if(|next| matches!(next, TokenTree::Ident(_))) {
                Some(segment) => {
                    path.segments.push(segment.to_string());
                    path.last = segment.span();
                }
                None => {
                    skip_type_arguments(rest);
                    break;
                }
            }
        }
        path
    }

    /// Whether its last segments are these.
    fn is(&self, segments: &[&str]) -> bool {
        let same = self.segments.iter().rev().zip(segments.iter().rev()).all(|(own, other)| own == other);
        same && self.segments.len() >= segments.len()
    }
}

fn judge(path: &Path, rest: &mut Tokens, warnings: &mut Vec<Warning>) {
    let called = match rest.peek() {
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis => Some(group.stream()),
        // A path that is handed on as a value.
        None => None,
        Some(TokenTree::Punct(punct)) if punct.as_char() == ',' => None,
        Some(_) => return,
    };
    if let Some(arguments) = &called {
        let starts_async =
            matches!(arguments.clone().into_iter().next(), Some(TokenTree::Ident(first)) if first == "async");
        if path.is(&["orch", "step"]) || path.segments == ["step"] {
            rest.next();
            return;
        }
        if starts_async && (path.is(&["tokio", "spawn"]) || path.is(&["tokio", "task", "spawn"])) {
            warnings.push(path.warning(SPAWN));
            rest.next();
            return;
        }
    }
    if let Some((_, advice)) = UNRECORDED.iter().find(|(segments, _)| path.is(segments)) {
        warnings.push(path.warning(*advice));
    }
}

/// Why not, and what instead.
#[derive(Clone, Copy)]
struct Advice {
    reason: &'static str,
    fix: &'static str,
}

const SPAWN: Advice = Advice {
    reason: "what it runs is no part of the flow: calls inside are runs of their own, and a resumed run starts it anew",
    fix: "write the call in the body and spawn that, or use `orch::spawn`",
};

const WAIT: &str = "replay does not know of it: a resumed run waits anew, and what it races with may win the other way round";

const CLOCK: Advice = Advice {
    reason: "it is not recorded: a resumed run reads another time, and its calls may differ from those before",
    fix: "use `orch::now`, or read the clock in a task",
};

const CHANCE: &str =
    "it is not recorded: a resumed run draws anew, and its calls may differ from those before";

const SLEEP: Advice = Advice { reason: WAIT, fix: "use `orch::sleep`" };

const TIMEOUT: Advice =
    Advice { reason: WAIT, fix: "use `.timeout(…)` of the call, or `tokio::select!` with `orch::sleep`" };

const INTERVAL: Advice = Advice { reason: WAIT, fix: "use `orch::sleep` in a loop" };

const RANDOM: Advice = Advice { reason: CHANCE, fix: "use `orch::random`, or draw in a task" };

const UUID: Advice = Advice { reason: CHANCE, fix: "use `orch::uuid`, or make the id in a task" };

const UNRECORDED: [(&[&str], Advice); 14] = [
    (&["tokio", "time", "sleep"], SLEEP),
    (&["tokio", "time", "sleep_until"], SLEEP),
    (&["tokio", "time", "timeout"], TIMEOUT),
    (&["tokio", "time", "timeout_at"], TIMEOUT),
    (&["tokio", "time", "interval"], INTERVAL),
    (&["tokio", "time", "interval_at"], INTERVAL),
    (&["thread", "sleep"], SLEEP),
    (&["SystemTime", "now"], CLOCK),
    (&["Instant", "now"], CLOCK),
    (&["Utc", "now"], CLOCK),
    (&["Local", "now"], CLOCK),
    (&["rand", "random"], RANDOM),
    (&["Uuid", "new_v4"], UUID),
    (&["Uuid", "now_v7"], UUID),
];

impl Path {
    fn warning(&self, advice: Advice) -> Warning {
        let text = format!(
            "the body of a flow does without `{}`\n= note: {}\n= help: {}; where it does no harm, put \
             `#[allow(deprecated)]` on the flow",
            self.segments.join("::"),
            advice.reason,
            advice.fix,
        );
        Warning { text, at: self.last }
    }
}

fn is_ident(token: Option<&TokenTree>) -> bool {
    matches!(token, Some(TokenTree::Ident(_)))
}

fn is_punct(token: &TokenTree, char: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == char)
}

/// Takes `::`, and leaves the single `:` of a pattern or a struct field.
fn take_colons(rest: &mut Tokens) -> bool {
    let joint = |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ':' && punct.spacing() == Spacing::Joint);
    rest.next_if(joint).is_some() && rest.next_if(|token| is_punct(token, ':')).is_some()
}

/// `<u64>`, `<Vec<u8>>`.
fn skip_type_arguments(rest: &mut Tokens) {
    let mut depth = 0usize;
    while let Some(token) = rest.next_if(|token| depth > 0 || is_punct(token, '<')) {
        if is_punct(&token, '<') {
            depth += 1;
        } else if is_punct(&token, '>') {
            depth -= 1;
            if depth == 0 {
                return;
            }
        }
    }
}

fn skip_function(rest: &mut Tokens) {
    for token in rest.by_ref() {
        match token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => return,
            token if is_punct(&token, ';') => return,
            _ => {}
        }
    }
}

fn skip_to_semicolon(rest: &mut Tokens) {
    let _ = rest.by_ref().find(|token| is_punct(token, ';'));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(block: &str) -> Vec<String> {
        let mut warnings = Vec::new();
        scan(block.parse().unwrap_or_else(|error| panic!("{error}")), &mut warnings);
        warnings.iter().map(|warning| warning.text.split('`').nth(1).unwrap_or_default().to_owned()).collect()
    }

    #[test]
    fn written_out_paths_are_found_wherever_they_stand() {
        for (block, path) in [
            ("{ tokio::time::sleep(d).await; }", "tokio::time::sleep"),
            ("{ ::tokio::time::timeout(d, work()).await }", "tokio::time::timeout"),
            ("{ tokio::select! { _ = tokio::time::sleep(d) => {} } }", "tokio::time::sleep"),
            ("{ let x = if a { b } else { std::thread::sleep(d) }; }", "std::thread::sleep"),
            ("{ at: chrono::Utc::now() }", "chrono::Utc::now"),
            ("{ id.unwrap_or_else(Uuid::new_v4) }", "Uuid::new_v4"),
            ("{ f(rand::random::<Vec<u64>>(), 1) }", "rand::random"),
            ("{ rand::random::<u8>() }", "rand::random"),
            ("{ tokio::spawn(async move { work().await }) }", "tokio::spawn"),
            ("{ orch::spawn(async { tokio::time::sleep(d).await }) }", "tokio::time::sleep"),
            ("{ tokio::spawn(async { std::time::Instant::now() }) }", "tokio::spawn"),
        ] {
            assert_eq!(found(block), [path], "{block}");
        }
    }

    #[test]
    fn what_is_recorded_or_cannot_be_told_is_not() {
        for block in [
            "{ orch::sleep(d).await; sleep(d).await; time::sleep(d).await }",
            "{ tokio::spawn(work(1)); orch::spawn(async {}) }",
            "{ orch::step(\"x\", 1, |n| async move { SystemTime::now() }).await }",
            "{ #[task] fn nested() -> Instant { Instant::now() } }",
            "{ use tokio::time::{sleep, timeout}; use std::time::Instant; }",
            "{ let now: fn() -> Instant = clock; self.rand::random; <T as Clock>::Instant::now() }",
            "{ Instant::now_or_never() ; MyInstant::now(); Uuid::nil() }",
            "{ match x { Utc::now { .. } => 1, _ => 2 } }",
            "{ let unfinished: Vec<Utc::>; rand:: }",
        ] {
            assert!(found(block).is_empty(), "{block}: {:?}", found(block));
        }
    }
}
