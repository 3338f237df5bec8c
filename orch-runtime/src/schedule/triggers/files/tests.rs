//! The parts that need no store.
