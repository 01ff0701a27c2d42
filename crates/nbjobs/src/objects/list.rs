//! Listing keys in byte order, a page at a time, reading only the folders on the way. Must not know protocols.

use std::io;
use std::path::{Path, PathBuf};

use super::error::Result;
use super::names::{self, Kind};
use super::record::{ObjectInfo, Record};
use super::{Inner, Objects, disk};

/// Most entries in a page, as in S3.
pub const PAGE_MAX: usize = 1000;

/// What to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListRequest {
    /// Only keys that start with this.
    pub prefix: String,
    /// Keys that have this after the prefix are told as one [`Entry::Prefix`], up to its end.
    pub delimiter: Option<String>,
    /// Only what comes after this key, or after all keys of this prefix.
    pub after: String,
    /// Most entries; at most [`PAGE_MAX`] are given.
    pub max: usize,
}

/// One line of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// An object.
    Object(String, Box<ObjectInfo>),
    /// What keys have in common up to the delimiter.
    Prefix(String),
}

impl Entry {
    /// The key or the prefix.
    pub fn name(&self) -> &str {
        match self {
            Self::Object(name, _) | Self::Prefix(name) => name,
        }
    }
}

/// A page of a listing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// In byte order of their names.
    pub entries: Vec<Entry>,
    /// The `after` of the next page; none when this is the last.
    pub next: Option<String>,
}

impl Objects {
    /// Lists a bucket.
    pub async fn list(&self, bucket: &str, request: ListRequest) -> Result<Listing> {
        names::check_bucket(bucket)?;
        let bucket = bucket.to_owned();
        self.run(move |inner| {
            inner.bucket(&bucket)?;
            inner.list(&bucket, &request)
        })
        .await
    }
}

impl Inner {
    pub(super) fn list(&self, bucket: &str, request: &ListRequest) -> Result<Listing> {
        let max = request.max.min(PAGE_MAX);
        let mut listing = Listing::default();
        if max == 0 {
            return Ok(listing);
        }
        let mut walk = Walk::new(self.layout.index(bucket), request)?;
        while let Some((key, path)) = walk.next()? {
            let entry = match request.common_prefix(&key) {
                Some(prefix) => Entry::Prefix(prefix.to_owned()),
                None => match disk::read_json::<Record>(&path)? {
                    Some(record) => Entry::Object(key, Box::new(record.info)),
                    None => continue, // deleted meanwhile
                },
            };
            if listing.entries.len() == max {
                listing.next = listing.entries.last().map(|last| last.name().to_owned());
                break;
            }
            if let Entry::Prefix(prefix) = &entry {
                walk.skip(prefix);
            }
            listing.entries.push(entry);
        }
        Ok(listing)
    }
}

impl ListRequest {
    /// The part of a key up to and with the first delimiter after the prefix.
    fn common_prefix<'a>(&self, key: &'a str) -> Option<&'a str> {
        let delimiter = self
            .delimiter
            .as_deref()
            .filter(|delimiter| !delimiter.is_empty())?;
        let rest = key.strip_prefix(&self.prefix)?;
        let end = rest.find(delimiter)? + delimiter.len();
        Some(&key[..self.prefix.len() + end])
    }
}

/// A walk over the records of an index, in the order of keys.
struct Walk<'a> {
    prefix: &'a [u8],
    after: &'a [u8],
    /// A prefix that an earlier page has told already.
    told: Option<&'a [u8]>,
    /// Folders that are open, outermost first.
    folders: Vec<Folder>,
}

struct Folder {
    path: PathBuf,
    /// What the walk still has to look at, last one first.
    entries: Vec<FolderEntry>,
}

struct FolderEntry {
    name: String,
    kind: Kind,
    /// The key, or what all keys in the folder start with.
    key: Vec<u8>,
}

impl<'a> Walk<'a> {
    fn new(index: PathBuf, request: &'a ListRequest) -> Result<Self> {
        let ListRequest { prefix, after, .. } = request;
        // The walk begins in the innermost folder that has all keys of the prefix.
        let folders = &prefix[..prefix.rfind('/').map_or(0, |slash| slash + 1)];
        let told = request
            .common_prefix(after)
            .filter(|common| common == after)
            .map(str::as_bytes);
        let mut walk = Self {
            prefix: prefix.as_bytes(),
            after: after.as_bytes(),
            told,
            folders: Vec::new(),
        };
        walk.enter(index.join(names::folder_path(folders)), folders.as_bytes())?;
        Ok(walk)
    }

    fn enter(&mut self, path: PathBuf, start: &[u8]) -> Result<()> {
        let names = read_folder(&path)?;
        let mut entries: Vec<FolderEntry> = names
            .into_iter()
            .filter_map(|name| {
                let (piece, kind) = names::decode(&name)?;
                let key = [start, &piece].concat();
                self.wants(&key, kind)
                    .then_some(FolderEntry { name, kind, key })
            })
            .collect();
        entries.sort_unstable_by(|a, b| b.key.cmp(&a.key));
        self.folders.push(Folder { path, entries });
        Ok(())
    }

    fn wants(&self, key: &[u8], kind: Kind) -> bool {
        if self.told.is_some_and(|told| key.starts_with(told)) {
            return false;
        }
        match kind {
            Kind::Record => key.starts_with(self.prefix) && key > self.after,
            Kind::Folder | Kind::Continuation => {
                let within = key.starts_with(self.prefix) || self.prefix.starts_with(key);
                within && (key > self.after || self.after.starts_with(key))
            }
        }
    }

    /// The next key and its record's path.
    fn next(&mut self) -> Result<Option<(String, PathBuf)>> {
        loop {
            let Some(folder) = self.folders.last_mut() else {
                return Ok(None);
            };
            let Some(entry) = folder.entries.pop() else {
                self.folders.pop();
                continue;
            };
            let path = folder.path.join(&entry.name);
            match entry.kind {
                Kind::Record => match String::from_utf8(entry.key) {
                    Ok(key) => return Ok(Some((key, path))),
                    Err(_) => continue, // not ours: keys are UTF-8
                },
                Kind::Folder | Kind::Continuation => self.enter(path, &entry.key)?,
            }
        }
    }

    /// Passes over all keys that start with this, given that the walk is there already.
    fn skip(&mut self, prefix: &str) {
        for folder in &mut self.folders {
            while folder
                .entries
                .last()
                .is_some_and(|entry| entry.key.starts_with(prefix.as_bytes()))
            {
                folder.entries.pop();
            }
        }
    }
}

fn read_folder(path: &Path) -> Result<Vec<String>> {
    match disk::names_in(path) {
        Ok(names) => Ok(names.unwrap_or_default()),
        // A prefix may be longer than any path can be; then no key starts with it.
        Err(error) if error.kind() == io::ErrorKind::InvalidFilename => Ok(Vec::new()),
        Err(error) => Err(error.into()),
    }
}
