//! Holds the tests that explore the schedules of threads; see `tests/`.
//!
//! The package is separate because it compiles files of the library once more, with another kind of threads, and
//! needs a dependency that nothing else needs.
