//! The flows, by what they are about.

mod cached;
mod concurrent;
mod failing;
mod handles;
mod maps;
mod nested;
mod plain;
mod recorded;
