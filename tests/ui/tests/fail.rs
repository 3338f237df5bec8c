//! Each file in `fail/` makes one mistake and is named after it; its `.stderr` is the answer.
//!
//! `TRYBUILD=overwrite cargo test -p orch-ui-tests --test fail` writes the answers anew. Read each one: it says what
//! the rule is, why, and what to write instead; there is no second error that follows from the first.

#[test]
fn mistakes_are_answered() {
    trybuild::TestCases::new().compile_fail("fail/*.rs");
}
