//! Archives as the service makes them, and hostile ones.

use super::*;
use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use std::io::Write;
use tar::{Builder, Header};

/// One entry, its name written into the header as it is: the tar crate would refuse to write most of these.
fn entry(name: &[u8], kind: EntryType, size: u64) -> Header {
    let mut header = Header::new_gnu();
    header.as_mut_bytes()[..name.len()].copy_from_slice(name);
    header.set_entry_type(kind);
    header.set_size(size);
    header.set_mode(0o4777);
    header.set_cksum();
    header
}

fn gzip(tar: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(tar).expect("memory takes everything");
    gzip.finish().expect("memory takes everything")
}

fn archive(entries: &[(&str, EntryType, &[u8])]) -> Vec<u8> {
    let mut tar = Builder::new(Vec::new());
    for (name, kind, bytes) in entries {
        let mut header = entry(name.as_bytes(), *kind, bytes.len() as u64);
        if matches!(kind, EntryType::Symlink | EntryType::Link) {
            header.set_link_name("/etc/passwd").expect("it fits");
            header.set_cksum();
        }
        tar.append(&header, *bytes)
            .expect("memory takes everything");
    }
    gzip(&tar.into_inner().expect("memory takes everything"))
}

/// All paths below a folder.
fn tree(folder: &Path) -> Vec<String> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            paths.extend(tree(&path));
        }
        paths.push(path.display().to_string());
    }
    paths.sort();
    paths
}

#[test]
fn files_land_in_the_folder() {
    let home = tempfile::tempdir().expect("a folder");
    let folder = home.path().join("new/out");
    let entries: &[(&str, EntryType, &[u8])] = &[
        ("./", EntryType::Directory, b""),
        ("./a.ipynb", EntryType::Regular, b"{}"),
        ("sub/b.log", EntryType::Regular, b""),
    ];
    let files = unpack(&archive(entries)[..], &folder, false, LIMITS).expect("a good archive");
    assert_eq!(files, [folder.join("a.ipynb"), folder.join("sub/b.log")]);
    assert_eq!(fs::read(folder.join("a.ipynb")).expect("a file"), b"{}");
    assert_eq!(tree(&folder).len(), 3, "nothing else is left");
}

#[test]
fn a_file_that_is_there_is_kept_unless_told_otherwise() {
    let home = tempfile::tempdir().expect("a folder");
    fs::write(home.path().join("b"), "mine").expect("a file");
    let archive = archive(&[
        ("a", EntryType::Regular, b"1"),
        ("b", EntryType::Regular, b"2"),
    ]);
    let error = unpack(&archive[..], home.path(), false, LIMITS)
        .expect_err("b is there")
        .to_string();
    assert!(error.contains("--overwrite"), "{error}");
    assert_eq!(tree(home.path()).len(), 1, "a is not there either");
    unpack(&archive[..], home.path(), true, LIMITS).expect("it may");
    assert_eq!(fs::read(home.path().join("b")).expect("a file"), b"2");
}

#[test]
fn hostile_archives_leave_nothing_behind() {
    let ok: (&str, EntryType, &[u8]) = ("ok", EntryType::Regular, b"x");
    let cases: Vec<(&str, Vec<u8>)> = vec![
        (
            "parent",
            archive(&[ok, ("../evil", EntryType::Regular, b"x")]),
        ),
        (
            "inner parent",
            archive(&[ok, ("a/../../evil", EntryType::Regular, b"x")]),
        ),
        (
            "absolute",
            archive(&[ok, ("/evil", EntryType::Regular, b"x")]),
        ),
        (
            "symbolic link",
            archive(&[ok, ("l", EntryType::Symlink, b"")]),
        ),
        (
            "through a link",
            archive(&[
                ("l", EntryType::Symlink, b""),
                ("l/evil", EntryType::Regular, b"x"),
            ]),
        ),
        ("hard link", archive(&[ok, ("l", EntryType::Link, b"")])),
        ("device", archive(&[ok, ("d", EntryType::Char, b"")])),
        ("pipe", archive(&[ok, ("p", EntryType::Fifo, b"")])),
        (
            "sparse file",
            archive(&[ok, ("s", EntryType::GNUSparse, b"")]),
        ),
        ("twice", archive(&[ok, ok])),
        (
            "file as folder",
            archive(&[ok, ("ok/evil", EntryType::Regular, b"x")]),
        ),
        ("no name", archive(&[ok, (".", EntryType::Regular, b"x")])),
        (
            "not UTF-8",
            gzip(&{
                let mut tar = entry(b"\xff", EntryType::Regular, 0).as_bytes().to_vec();
                tar.resize(tar.len() + 1024, 0);
                tar
            }),
        ),
        (
            "too large",
            gzip(entry(b"large", EntryType::Regular, LIMITS.bytes + 1).as_bytes()),
        ),
        (
            "cut off",
            gzip(entry(b"cut", EntryType::Regular, 100).as_bytes()),
        ),
        (
            "a long name that fills the memory",
            gzip(&{
                let size = HEADER_BYTES_MAX * 4;
                let mut tar = entry(b"././@LongLink", EntryType::GNULongName, size)
                    .as_bytes()
                    .to_vec();
                tar.resize(tar.len() + size as usize, b'a');
                tar
            }),
        ),
        ("not gzip", b"hello".to_vec()),
        ("not tar", gzip(&[b'x'; 2048])),
        ("nothing", vec![]),
    ];
    for (what, archive) in cases {
        let home = tempfile::tempdir().expect("a folder");
        let folder = home.path().join("out");
        assert!(
            unpack(&archive[..], &folder, true, LIMITS).is_err(),
            "{what}"
        );
        assert_eq!(tree(home.path()), [""; 0], "{what}");
    }
}

#[test]
fn more_than_allowed_is_refused() {
    let two = archive(&[
        ("a", EntryType::Regular, b"123"),
        ("b", EntryType::Regular, b"456"),
    ]);
    for (files, bytes, fits) in [(2, 6, true), (1, 6, false), (2, 5, false)] {
        let home = tempfile::tempdir().expect("a folder");
        let result = unpack(&two[..], home.path(), false, Limits { files, bytes });
        assert_eq!(result.is_ok(), fits, "{files} {bytes}");
        assert_eq!(tree(home.path()).len(), if fits { 2 } else { 0 });
    }
}

proptest! {
    #[test]
    fn whatever_the_names_are_files_stay_in_the_folder(names in prop::collection::vec("[a./\\\\~ ]{1,12}", 1..5)) {
        let home = tempfile::tempdir().expect("a folder");
        let folder = home.path().join("x/y/out");
        fs::create_dir_all(&folder).expect("a folder");
        let entries: Vec<_> = names.iter().map(|name| (name.as_str(), EntryType::Regular, &b"x"[..])).collect();
        let _ = unpack(&archive(&entries)[..], &folder, true, LIMITS);
        let inside = folder.display().to_string();
        for path in tree(home.path()) {
            prop_assert!(path.starts_with(&inside) || inside.starts_with(&path), "{}", path);
        }
    }
}
