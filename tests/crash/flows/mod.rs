//! The flows, by what they are about.

mod cached;
mod concurrent;
mod failing;
mod handles;
mod maps;
mod nested;
mod outside;
mod plain;
mod recorded;
