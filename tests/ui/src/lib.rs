//! Holds the compile-fail and compile-pass cases of the attributes; see `tests/`.
//!
//! The package is separate because each compile-fail case is checked as a program of its own, which is quick only
//! where dev-dependencies are few.
