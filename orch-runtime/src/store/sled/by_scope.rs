//! Which packs of a run tell of which scope.
//!
//! A run may have as many scopes as task runs, so only the latest of this stays in memory. The rest lies in one sorted
//! file without a name, of which memory holds the first scope of every page: a scope is found with one read. The file
//! is made anew from the log by every process that replays the run, so nothing of it has to be durable.

use std::{
    collections::BTreeSet,
    fs::File,
    io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write},
    path::Path,
};

use super::db::Fault;
use crate::id::ScopeId;

/// More entries than this do not stay in memory.
const RECENT: usize = if cfg!(test) { 16 } else { 1 << 15 };

/// Entries that are read together.
const PAGE: usize = if cfg!(test) { 4 } else { 341 };

const SIZE: usize = 12;

/// Half of a scope's id, and a pack that tells of it. Whoever reads the pack looks at the whole id: two scopes that
/// share the half are asked for a pack too many.
type Entry = (u64, u32);

#[derive(Default)]
pub(super) struct ByScope {
    recent: BTreeSet<Entry>,
    sorted: Option<Sorted>,
}

/// The entries of a file, in their order.
struct Sorted {
    file: File,
    /// The first scope of each page.
    pages: Vec<u64>,
}

impl ByScope {
    /// Takes in that pack `number` tells of `scopes`. `dir` is where a file may be made.
    pub(super) fn add(
        &mut self,
        dir: &Path,
        number: u32,
        scopes: impl Iterator<Item = ScopeId>,
    ) -> Result<(), Fault> {
        self.recent.extend(scopes.map(|scope| (half(scope), number)));
        if self.recent.len() >= RECENT {
            self.sorted = Some(merge(dir, self.sorted.take(), &self.recent)?);
            self.recent.clear();
        }
        Ok(())
    }

    /// The packs that tell of `scope`, in their order.
    pub(super) fn packs(&mut self, scope: ScopeId) -> Result<Vec<u32>, Fault> {
        let scope = half(scope);
        let mut packs = match &mut self.sorted {
            Some(sorted) => sorted.packs(scope)?,
            None => Vec::new(),
        };
        packs.extend(self.recent.range((scope, 0)..=(scope, u32::MAX)).map(|(_, pack)| *pack));
        Ok(packs)
    }

    /// How many entries memory holds, beside what it knows of the pages.
    #[cfg(test)]
    pub(super) fn resident(&self) -> usize {
        self.recent.len()
    }
}

fn half(scope: ScopeId) -> u64 {
    scope.0 as u64
}

impl Sorted {
    fn packs(&mut self, scope: u64) -> Result<Vec<u32>, Fault> {
        let mut packs = Vec::new();
        // The page before the first that begins with this scope may end with it.
        let first = self.pages.partition_point(|begin| *begin < scope).saturating_sub(1);
        self.file.seek(SeekFrom::Start((first * PAGE * SIZE) as u64))?;
        let mut page = [0; PAGE * SIZE];
        for begin in &self.pages[first..] {
            if *begin > scope {
                break;
            }
            let read = read_full(&mut self.file, &mut page)?;
            let entries = page[..read].as_chunks::<SIZE>().0.iter().map(entry);
            packs.extend(entries.filter(|(of, _)| *of == scope).map(|(_, pack)| pack));
        }
        Ok(packs)
    }
}

fn entry(bytes: &[u8; SIZE]) -> Entry {
    let [a, b, c, d, e, f, g, h, pack @ ..] = *bytes;
    (u64::from_le_bytes([a, b, c, d, e, f, g, h]), u32::from_le_bytes(pack))
}

/// Fills `buffer` as far as the file reaches.
fn read_full(file: &mut File, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// A new file with the entries of an old one and of memory.
fn merge(dir: &Path, old: Option<Sorted>, recent: &BTreeSet<Entry>) -> Result<Sorted, Fault> {
    let mut out = BufWriter::with_capacity(1 << 16, tempfile::tempfile_in(dir)?);
    let mut pages = Vec::new();
    let mut written = 0usize;
    let mut write = |(scope, pack): Entry| {
        if written.is_multiple_of(PAGE) {
            pages.push(scope);
        }
        written += 1;
        out.write_all(&scope.to_le_bytes())?;
        out.write_all(&pack.to_le_bytes())
    };
    let mut recent = recent.iter().copied().peekable();
    if let Some(Sorted { mut file, .. }) = old {
        file.rewind()?;
        let mut read = BufReader::with_capacity(1 << 16, file);
        let mut bytes = [0; SIZE];
        loop {
            match read.read_exact(&mut bytes) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => break,
                Err(error) => return Err(error.into()),
            }
            let next = entry(&bytes);
            while let Some(before) = recent.next_if(|recent| *recent < next) {
                write(before)?;
            }
            write(next)?;
        }
    }
    recent.try_for_each(write)?;
    let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    Ok(Sorted { file, pages })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scope_has_its_packs_and_memory_holds_few_entries() {
        let dir = tempfile::tempdir().expect("a directory");
        let mut by_scope = ByScope::default();
        let scopes = |pack: u32| [1, u128::from(pack % 7) + 2, u128::from(pack) << 32].map(ScopeId);
        for pack in 0..500 {
            by_scope.add(dir.path(), pack, scopes(pack).into_iter()).expect("a file can be written");
        }
        let expected = |of: u128| {
            let tells = |pack: &u32| scopes(*pack).contains(&ScopeId(of));
            (0..500).filter(tells).collect::<Vec<u32>>()
        };
        let all = (0..12).chain((1..=500).map(|pack| pack << 32));
        for scope in all {
            assert_eq!(by_scope.packs(ScopeId(scope)).expect("it can be read"), expected(scope), "{scope}");
        }
        assert!(by_scope.resident() <= RECENT + 3, "{}", by_scope.resident());
        let pages = by_scope.sorted.as_ref().map_or(0, |sorted| sorted.pages.len());
        assert!((1..=3 * 500 / PAGE + 1).contains(&pages), "{pages}");
        assert_eq!(std::fs::read_dir(dir.path()).expect("a directory").count(), 0, "the file has no name");
    }
}
