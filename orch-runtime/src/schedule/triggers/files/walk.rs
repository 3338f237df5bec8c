//! One look at all files of a pattern.

use std::{
    collections::{HashMap, HashSet},
    fs, io,
    path::{Path, PathBuf},
};

use super::{
    file_change::Version,
    pattern::{Pattern, Place, Segment},
};

/// What a look has found.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) files: HashMap<PathBuf, Version>,
    /// Directories that could not be read, or are not there: of what lies in them nobody knows whether it is gone.
    pub(super) unsure: HashSet<PathBuf>,
    /// Those of them that could not be read, and why.
    pub(super) faults: Vec<(PathBuf, io::Error)>,
}

impl Found {
    /// Whether a file that was not found is known to be gone.
    pub(super) fn is_gone(&self, path: Option<&Path>) -> bool {
        match path {
            Some(path) => !path.ancestors().any(|above| self.unsure.contains(above)),
            None => self.unsure.is_empty(),
        }
    }

    fn fault(&mut self, place: &Path, error: io::Error) {
        // Whoever has just gone is none.
        if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) {
            return;
        }
        if self.unsure.insert(place.to_owned()) {
            self.faults.push((place.to_owned(), error));
        }
    }
}

/// Looks for the files of a pattern. `visit` is called with each directory before it is read, so that whoever watches it
/// from then on misses nothing. Each directory is read once for each alternative in braces.
pub(super) fn walk(pattern: &Pattern, visit: &mut dyn FnMut(&Path)) -> Found {
    let mut found = Found::default();
    for place in &pattern.places {
        if stand(&place.base, visit) {
            walk_place(place, visit, &mut found);
        } else {
            // Somebody may keep others from knowing that it is there.
            fs::metadata(&place.base).map_or_else(|error| found.fault(&place.base, error), drop);
            found.unsure.insert(place.base.clone());
        }
    }
    found
}

/// Whether a directory is there; where it is not, the nearest one above it is visited.
fn stand(base: &Path, visit: &mut dyn FnMut(&Path)) -> bool {
    let nearest = || base.ancestors().find(|above| above.is_dir());
    let mut visited = None;
    loop {
        match nearest() {
            Some(above) if above == base => return true,
            // Nothing has come between looking for it and visiting it.
            above if above == visited => return false,
            Some(above) => {
                visit(above);
                visited = Some(above);
            }
            None => return false,
        }
    }
}

fn walk_place(place: &Place, visit: &mut dyn FnMut(&Path), found: &mut Found) {
    // Where in the pattern one may be in each directory. So a directory is read once, whatever ways lead to it.
    let mut open = vec![(place.base.clone(), HashSet::from([0]))];
    while let Some((directory, mut at)) = open.pop() {
        for own in at.clone() {
            // The one after it is never another one of its kind.
            if matches!(place.segments[own], Segment::Below) {
                at.insert(own + 1);
            }
        }
        visit(&directory);
        let entries = match entries(place, &directory, &at) {
            Ok(entries) => entries,
            Err(error) => {
                found.fault(&directory, error);
                continue;
            }
        };
        for entry in entries {
            match entry.and_then(|(path, below)| step(place, path, below, &at, found)) {
                Ok(Some(next)) => open.push(next),
                Ok(None) => {}
                Err(error) => found.fault(&directory, error),
            }
        }
    }
}

/// A path, and whether it is a directory that "anything below" goes into: no link, so that no way is a circle.
type Entry = (PathBuf, bool);

type Entries<'a> = Box<dyn Iterator<Item = io::Result<Entry>> + 'a>;

/// What may be of interest in a directory.
fn entries<'a>(place: &'a Place, directory: &'a Path, at: &HashSet<usize>) -> io::Result<Entries<'a>> {
    let here: Vec<_> = at.iter().map(|at| &place.segments[*at]).collect();
    if here.iter().any(|segment| segment.is_open()) {
        let entries = fs::read_dir(directory)?;
        return Ok(Box::new(entries.map(|entry| {
            let entry = entry?;
            Ok((entry.path(), entry.file_type()?.is_dir()))
        })));
    }
    Ok(Box::new(here.into_iter().filter_map(|segment| match segment {
        Segment::Name(name) => Some(Ok((directory.join(name), false))),
        Segment::Wild(_) | Segment::Below => None,
    })))
}

/// Takes a file, or says where to go on.
fn step(
    place: &Place,
    path: PathBuf,
    below: bool,
    at: &HashSet<usize>,
    found: &mut Found,
) -> io::Result<Option<(PathBuf, HashSet<usize>)>> {
    let Some(name) = path.file_name().map(|name| name.to_string_lossy()) else { return Ok(None) };
    let (mut is_file, mut next) = (false, HashSet::new());
    for &own in at {
        match &place.segments[own] {
            Segment::Below if below && !name.starts_with('.') => {
                next.insert(own);
            }
            segment if segment.matches(&name) => {
                if own + 1 == place.segments.len() {
                    is_file = true;
                } else {
                    next.insert(own + 1);
                }
            }
            _ => {}
        }
    }
    drop(name);
    if next.is_empty() && (!is_file || below) {
        return Ok(None);
    }
    let metadata = match fs::metadata(&path) {
        Ok(metadata) => metadata,
        // Gone meanwhile, or a link to nothing.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    if metadata.is_dir() {
        return Ok((!next.is_empty()).then_some((path, next)));
    }
    if is_file && metadata.is_file() {
        found.files.insert(path, Version::of(&metadata));
    }
    Ok(None)
}
