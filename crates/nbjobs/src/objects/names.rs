//! Keys as paths: every key has its own safe path, and the tree of paths has the order of keys. Pure; must not touch
//! the disk.
//!
//! A key is cut after each `/`. Each piece is a name of lower-case letters, digits, `-`, `.` and `_`, with all other
//! bytes as `%xx`, so that neither `..`, NUL, case nor Unicode forms mean anything to the file system. The name's last
//! character says what it is:
//!
//! | last | what | `x/y` and `x` |
//! |---|---|---|
//! | `@` | a file: the key ends here | `x@` |
//! | `,` | a folder: a `/` follows | `x,/y@` |
//! | `+` | a folder: the piece goes on, since names on disk are at most 255 bytes long | |

use std::path::PathBuf;

use super::error::{Error, Result};

/// Longest key in bytes, as in S3.
pub const KEY_BYTES_MAX: usize = 1024;

/// Bytes of a key that go into one name: with every byte as `%xx` and the last character, 241 of 255.
const PIECE_BYTES: usize = 80;

/// What a name on disk stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A record: the key ends here.
    Record,
    /// A folder of keys that go on after a `/`.
    Folder,
    /// A folder of keys whose piece goes on.
    Continuation,
}

/// Refuses keys that S3 has not.
pub(super) fn check_key(key: &str) -> Result<()> {
    match key.len() {
        1..=KEY_BYTES_MAX => Ok(()),
        length => Err(Error::InvalidKeyLength(length)),
    }
}

/// Refuses bucket names that S3 has not. What passes is also safe as a file name.
pub(super) fn check_bucket(name: &str) -> Result<()> {
    let inner = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-');
    let outer = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let bytes = name.as_bytes();
    let valid = (3..=63).contains(&bytes.len())
        && bytes.iter().all(inner)
        && outer(bytes.first())
        && outer(bytes.last())
        && !name.contains("..");
    if valid {
        Ok(())
    } else {
        Err(Error::InvalidBucketName(name.to_owned()))
    }
}

/// The path of a key's record, relative to the bucket's index.
pub(super) fn record_path(key: &str) -> PathBuf {
    let (folders, last) = key.split_at(key.rfind('/').map_or(0, |slash| slash + 1));
    let mut path = folder_path(folders);
    push_piece(&mut path, last.as_bytes(), '@');
    path
}

/// The path of the folder of all keys that start with `folders`, which is empty or ends with `/`.
pub(super) fn folder_path(folders: &str) -> PathBuf {
    let mut path = PathBuf::new();
    for piece in folders.split_terminator('/') {
        push_piece(&mut path, piece.as_bytes(), ',');
    }
    path
}

fn push_piece(path: &mut PathBuf, piece: &[u8], last: char) {
    let mut rest = piece;
    // A full name always goes on, even with nothing: else a full name's folder and file would not sort as keys do.
    while rest.len() >= PIECE_BYTES {
        let (name, after) = rest.split_at(PIECE_BYTES);
        path.push(encode(name, '+'));
        rest = after;
    }
    path.push(encode(rest, last));
}

fn encode(piece: &[u8], last: char) -> String {
    let mut name = String::with_capacity(piece.len() + 1);
    for &byte in piece {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' => name.push(char::from(byte)),
            _ => {
                name.push('%');
                name.push_str(&hex::encode([byte]));
            }
        }
    }
    name.push(last);
    name
}

/// What a name on disk says: the bytes that it adds to the key (with the `/` of a folder) and what it stands for.
/// `None` for names that are not ours.
pub(super) fn decode(name: &str) -> Option<(Vec<u8>, Kind)> {
    let kind = match name.as_bytes().last()? {
        b'@' => Kind::Record,
        b',' => Kind::Folder,
        b'+' => Kind::Continuation,
        _ => return None,
    };
    let mut piece = Vec::with_capacity(name.len());
    let mut rest = &name.as_bytes()[..name.len() - 1];
    while let Some((&first, after)) = rest.split_first() {
        rest = match first {
            b'%' => {
                let digits = after.get(..2)?;
                piece.extend(hex::decode(digits).ok()?);
                &after[2..]
            }
            byte => {
                piece.push(byte);
                after
            }
        };
    }
    if kind == Kind::Folder {
        piece.push(b'/');
    }
    Some((piece, kind))
}

#[cfg(test)]
mod tests {
    use std::path::Component;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn keys_have_readable_and_safe_paths() {
        for (key, path) in [
            ("a.ipynb", "a.ipynb@"),
            ("job/input/a b.ipynb", "job,/input,/a%20b.ipynb@"),
            ("x", "x@"),
            ("x/y", "x,/y@"),
            ("folder/", "folder,/@"),
            ("/etc", ",/etc@"),
            ("a//b", "a,/,/b@"),
            ("../..", "..,/..@"),
            (".", ".@"),
            ("A\0\u{e9}", "%41%00%c3%a9@"),
        ] {
            assert_eq!(record_path(key), PathBuf::from(path), "{key:?}");
        }
        let long = "a".repeat(PIECE_BYTES);
        assert_eq!(record_path(&long), PathBuf::from(format!("{long}+/@")));
        assert_eq!(
            record_path(&format!("{long}b/c")),
            PathBuf::from(format!("{long}+/b,/c@"))
        );
    }

    #[test]
    fn bucket_names_are_those_of_s3() {
        for name in [
            "abc",
            "sagemaker-automated-execution-000000000000-us-east-1",
            "a.b-c",
            "0ab",
        ] {
            assert!(check_bucket(name).is_ok(), "{name}");
        }
        for name in [
            "",
            "ab",
            "a..b",
            "..",
            "-ab",
            "ab-",
            "ABC",
            "a/b",
            "a_b",
            &"a".repeat(64),
        ] {
            assert!(
                matches!(check_bucket(name), Err(Error::InvalidBucketName(_))),
                "{name}"
            );
        }
    }

    /// The key that a path stands for, read name by name as a walk over the tree does.
    fn key_of(path: &std::path::Path) -> Vec<u8> {
        path.iter()
            .flat_map(|name| decode(name.to_str().unwrap()).unwrap().0)
            .collect()
    }

    /// The pieces by which a walk over the tree sorts.
    fn order_of(key: &str) -> Vec<Vec<u8>> {
        record_path(key)
            .iter()
            .map(|name| decode(name.to_str().unwrap()).unwrap().0)
            .collect()
    }

    fn key() -> impl Strategy<Value = String> {
        let pieces = prop::collection::vec(
            prop_oneof!["[a-cA-C]{0,3}", "[\0-\u{ffff}]{0,6}", "a{78,82}b?"],
            1..5,
        );
        pieces
            .prop_map(|pieces| pieces.join("/"))
            .prop_filter("length", |key| check_key(key).is_ok())
    }

    proptest! {
        #[test]
        fn every_key_has_its_own_safe_path(key in key()) {
            let path = record_path(&key);
            prop_assert_eq!(key_of(&path), key.as_bytes());
            for component in path.components() {
                prop_assert!(matches!(component, Component::Normal(name) if name.len() <= 255));
            }
            let lower = path.to_str().unwrap().to_lowercase();
            prop_assert_eq!(path.to_str().unwrap(), lower);
        }

        #[test]
        fn the_tree_has_the_order_of_keys(a in key(), b in key()) {
            prop_assert_eq!(order_of(&a).cmp(&order_of(&b)), a.as_bytes().cmp(b.as_bytes()));
        }

        #[test]
        fn foreign_names_do_no_harm(name in "\\PC{0,20}") {
            let _ = decode(&name);
        }
    }
}
