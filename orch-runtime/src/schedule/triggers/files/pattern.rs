//! Which files a trigger is about.

use std::{
    ffi::OsString,
    path::{Component, Path, PathBuf},
};

use glob::MatchOptions;

use super::braces;

/// How names are compared with patterns.
const OPTIONS: MatchOptions =
    MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: true };

/// Which files a trigger is about.
#[derive(Debug)]
pub(super) struct Pattern {
    pub(super) places: Vec<Place>,
}

/// A directory, and what lies in it: names of directories and at last of files.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) base: PathBuf,
    /// At least one; the last one is no [`Segment::Below`].
    pub(super) segments: Vec<Segment>,
}

/// One part of a path.
#[derive(Debug)]
pub(super) enum Segment {
    /// This name.
    Name(OsString),
    /// Names that match this.
    Wild(glob::Pattern),
    /// Any directories, or none.
    Below,
}

impl Pattern {
    /// Reads a pattern; a relative one starts at the working directory.
    ///
    /// # Errors
    /// When it is none, as a text for people that goes on after "the pattern".
    pub(super) fn new(text: &str) -> Result<Self, String> {
        let places = braces::expand(text)?.iter().map(|text| Place::new(text)).collect::<Result<_, _>>()?;
        Ok(Self { places })
    }

    /// Whether what lies under this name may be one of the files.
    pub(super) fn may_be(&self, name: &std::ffi::OsStr) -> bool {
        let name = name.to_string_lossy();
        let last = |place: &Place| place.segments.last().is_some_and(|last| last.matches(&name));
        self.places.iter().any(last)
    }
}

impl Place {
    fn new(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("is empty".to_owned());
        }
        if text.ends_with(std::path::is_separator) {
            return Err(
                "names a directory; what lies in it is `*`, and what lies anywhere below it `**`".to_owned()
            );
        }
        let mut base = PathBuf::new();
        let mut segments = Vec::new();
        for component in Path::new(text).components() {
            let name = match component {
                Component::Normal(name) => name.to_string_lossy(),
                _ if segments.is_empty() => {
                    base.push(component);
                    continue;
                }
                _ => return Err("has `..` after its first `*`, `?` or `[`; leave it out".to_owned()),
            };
            let segment = match &*name {
                "**" => Segment::Below,
                name if name.contains(['*', '?', '[']) => Segment::Wild(one(name)?),
                name => Segment::Name(name.into()),
            };
            match segment {
                Segment::Name(name) if segments.is_empty() => base.push(name),
                Segment::Below if matches!(segments.last(), Some(Segment::Below)) => {}
                segment => segments.push(segment),
            }
        }
        match segments.last() {
            None => {
                // Nothing but names: the last one is the file's.
                let Some(name) = base.file_name() else { return Err("names no file".to_owned()) };
                segments.push(Segment::Name(name.to_owned()));
                base.pop();
            }
            Some(Segment::Below) => segments.push(Segment::Wild(one("*")?)),
            Some(_) => {}
        }
        let here = if base.as_os_str().is_empty() { Path::new(".") } else { &base };
        let base = std::path::absolute(here).map_err(|error| {
            format!("is relative to the working directory, which cannot be found: {error}")
        })?;
        Ok(Self { base, segments })
    }
}

fn one(name: &str) -> Result<glob::Pattern, String> {
    glob::Pattern::new(name).map_err(|error| format!("has `{name}`, which is none: {}", error.msg))
}

impl Segment {
    /// Whether it takes this name by itself.
    pub(super) fn matches(&self, name: &str) -> bool {
        match self {
            Self::Name(own) => own.to_str() == Some(name),
            Self::Wild(pattern) => pattern.matches_with(name, OPTIONS),
            Self::Below => false,
        }
    }

    /// Whether one has to read a directory to know what it takes.
    pub(super) fn is_open(&self) -> bool {
        !matches!(self, Self::Name(_))
    }
}
