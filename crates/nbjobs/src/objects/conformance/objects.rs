//! Objects come back as they were put, whatever their keys.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use bytes::Bytes;
use futures::{StreamExt, stream};

use super::super::error::Error;
use super::super::names::KEY_BYTES_MAX;
use super::super::record::{Condition, Metadata, ObjectInfo};
use super::{BUCKET, all, assert_tidy, at, copy, files, get, names, put, store};

#[tokio::test]
async fn an_object_comes_back_as_it_was_put() {
    let (folder, objects) = store().await;
    let mut metadata = Metadata {
        content_type: Some("text/plain".to_owned()),
        ..Metadata::default()
    };
    metadata.user.insert("note".to_owned(), "\u{e9}".to_owned());
    let body = stream::iter([Ok(Bytes::from_static(b"ab")), Ok(Bytes::from_static(b"c"))]);
    let info = objects
        .put(BUCKET, "a/b", body, metadata.clone(), at(7))
        .await
        .unwrap();
    assert_eq!(info.size, 3);
    assert_eq!(info.etag, "900150983cd24fb0d6963f7d28e17f72"); // RFC 1321's MD5 of "abc"
    assert_eq!((info.modified, &info.metadata), (at(7), &metadata));
    assert_eq!(objects.head(BUCKET, "a/b").await.unwrap(), info);
    assert_eq!(get(&objects, "a/b").await.unwrap(), b"abc");
    assert_tidy(folder.path(), 1);
}

#[tokio::test]
async fn every_key_of_s3_has_its_own_object() {
    let (folder, objects) = store().await;
    let long = "n".repeat(300);
    let longest = "\u{0}".repeat(KEY_BYTES_MAX);
    let slashes = "/".repeat(KEY_BYTES_MAX);
    let keys: BTreeSet<&str> = [
        "x",
        "x/",
        "x/y",
        "X",
        "..",
        ".",
        "../../etc/x",
        "/etc/passwd",
        "//",
        "a//b",
        "a/./b",
        "\0",
        "\u{e9}",
        "e\u{301}",
        "a b+c%20d",
        "index",
        "x@",
        "x,",
        "x+",
        "%41",
        "\u{10ffff}",
        &long,
        &longest,
        &slashes,
    ]
    .into();
    for key in &keys {
        put(&objects, key, key.as_bytes()).await.unwrap();
    }
    for key in &keys {
        assert_eq!(get(&objects, key).await.unwrap(), key.as_bytes(), "{key:?}");
    }
    assert_eq!(
        names(&objects, all()).await,
        (keys.iter().map(|key| (*key).to_owned()).collect(), None)
    );
    for key in &keys {
        objects
            .delete(BUCKET, key, Condition::Always)
            .await
            .unwrap();
    }
    assert_tidy(folder.path(), 0);
    assert_eq!(files(&folder.path().join("buckets")), ["bucket.json"]);
    for (key, length) in [(String::new(), 0), ("k".repeat(1025), 1025)] {
        assert!(
            matches!(put(&objects, &key, b"").await, Err(Error::InvalidKeyLength(n)) if n == length)
        );
    }
}

#[tokio::test]
async fn a_range_gives_its_bytes_in_large_pieces() {
    let (_folder, objects) = store().await;
    let body: Vec<u8> = (0..1_300_000u32).map(|i| (i % 251) as u8).collect();
    put(&objects, "big", &body).await.unwrap();
    let object = objects.get(BUCKET, "big").await.unwrap();
    for range in [
        0..1_300_000,
        0..1,
        1_299_999..1_300_000,
        5..600_000,
        7..7,
        1_299_990..2_000_000,
    ] {
        let pieces: Vec<Bytes> = object
            .stream(range.clone())
            .map(|piece| piece.unwrap())
            .collect()
            .await;
        let end = (range.end as usize).min(body.len());
        assert_eq!(
            pieces.concat(),
            &body[range.start as usize..end],
            "{range:?}"
        );
        assert!(
            pieces
                .iter()
                .rev()
                .skip(1)
                .all(|piece| piece.len() >= 256 * 1024),
            "{range:?}"
        );
    }
    assert!(matches!(
        object.bytes(10).await,
        Err(Error::TooLarge {
            size: 1_300_000,
            size_max: 10
        })
    ));
}

#[tokio::test]
async fn a_broken_stream_changes_nothing() {
    let (folder, objects) = store().await;
    put(&objects, "k", b"old").await.unwrap();
    let body = stream::iter([Ok(Bytes::from_static(b"new")), Err(io::Error::other("cut"))]);
    let broken = objects
        .put(BUCKET, "k", body, Metadata::default(), at(3))
        .await;
    assert!(matches!(broken, Err(Error::Body(_))));
    assert_eq!(get(&objects, "k").await.unwrap(), b"old");
    assert_tidy(folder.path(), 1);
}

#[tokio::test]
async fn a_copy_is_an_object_of_its_own() {
    let (folder, objects) = store().await;
    let info = put(&objects, "a", b"abc").await.unwrap();
    let copied = copy(&objects, "a", "b").await.unwrap();
    assert_eq!(
        copied,
        ObjectInfo {
            modified: at(9),
            ..info.clone()
        }
    );
    let metadata = Metadata {
        content_type: Some("x/y".to_owned()),
        ..Metadata::default()
    };
    let source = objects.get(BUCKET, "a").await.unwrap();
    let onto = objects
        .copy(
            &source,
            (BUCKET, "a"),
            Some(metadata.clone()),
            Condition::Always,
            at(10),
        )
        .await;
    assert_eq!(onto.unwrap().metadata, metadata);
    objects
        .delete(BUCKET, "a", Condition::Always)
        .await
        .unwrap();
    assert_eq!(get(&objects, "b").await.unwrap(), b"abc");
    let missing = copy(&objects, "a", "c").await;
    assert!(matches!(missing, Err(Error::NoSuchKey(_))));
    let nowhere = objects
        .copy(&source, ("nowhere", "c"), None, Condition::Always, at(9))
        .await;
    assert!(matches!(nowhere, Err(Error::NoSuchBucket(_))));
    drop(source);
    assert_tidy(folder.path(), 1);
}

#[tokio::test]
async fn tags_are_replaced() {
    let (folder, objects) = store().await;
    let tags = BTreeMap::from([("a".to_owned(), "b".to_owned())]);
    let missing = objects.set_tags(BUCKET, "k", tags.clone()).await;
    assert!(matches!(missing, Err(Error::NoSuchKey(_))));
    let info = put(&objects, "k", b"abc").await.unwrap();
    objects.set_tags(BUCKET, "k", tags.clone()).await.unwrap();
    let metadata = Metadata {
        tags,
        ..Metadata::default()
    };
    assert_eq!(
        objects.head(BUCKET, "k").await.unwrap(),
        ObjectInfo { metadata, ..info }
    );
    assert_eq!(get(&objects, "k").await.unwrap(), b"abc");
    assert_tidy(folder.path(), 1);
}
