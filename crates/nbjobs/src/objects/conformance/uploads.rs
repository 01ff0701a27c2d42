//! Multipart uploads.

use bytes::Bytes;
use futures::{StreamExt, stream};

use super::super::Objects;
use super::super::checksum::{ChecksumAlgorithm, ChecksumType};
use super::super::error::Error;
use super::super::record::{Condition, Metadata};
use super::super::uploads::{CompletedPart, PART_BYTES_MIN, Upload, check_number};
use super::{BUCKET, all, assert_tidy, at, copy, files, get, names, store};

fn upload() -> Upload {
    Upload {
        key: "big".to_owned(),
        initiated: at(5),
        checksum: Some((ChecksumAlgorithm::Crc32, ChecksumType::FullObject)),
        metadata: Metadata::default(),
    }
}

async fn put_part(objects: &Objects, id: &str, number: u16, body: Vec<u8>) -> CompletedPart {
    let staged = objects
        .stage(
            stream::iter([Ok(Bytes::from(body))]),
            Some(ChecksumAlgorithm::Crc32),
        )
        .await
        .unwrap();
    let part = objects
        .put_part(BUCKET, "big", id, number, staged, at(6))
        .await
        .unwrap();
    CompletedPart {
        number,
        etag: part.etag,
        checksum: part.checksum.map(|checksum| checksum.value),
    }
}

#[tokio::test]
async fn parts_become_one_object() {
    let (folder, objects) = store().await;
    let id = objects.create_upload(BUCKET, upload()).await.unwrap();
    let first = vec![1; PART_BYTES_MIN as usize];
    put_part(&objects, &id, 1, b"replaced".to_vec()).await;
    let c2 = put_part(&objects, &id, 7, b"end".to_vec()).await;
    let c1 = put_part(&objects, &id, 1, first.clone()).await;
    put_part(&objects, &id, 9, b"not used".to_vec()).await;
    let parts = objects.list_parts(BUCKET, "big", &id).await.unwrap();
    assert_eq!(parts.keys().copied().collect::<Vec<_>>(), [1, 7, 9]);
    assert_eq!(
        objects.list_uploads(BUCKET).await.unwrap(),
        [(id.clone(), upload())]
    );
    assert!(names(&objects, all()).await.0.is_empty());

    let info = objects
        .complete_upload(
            BUCKET,
            "big",
            &id,
            vec![c1, c2],
            None,
            Condition::Always,
            at(8),
        )
        .await
        .unwrap();
    assert_eq!(
        (info.size, info.modified, &info.part_sizes[..]),
        (PART_BYTES_MIN + 3, at(8), &[PART_BYTES_MIN, 3][..])
    );
    let whole = [first, b"end".to_vec()].concat();
    assert_eq!(get(&objects, "big").await.unwrap(), whole);
    let staged = objects
        .stage(
            stream::iter([Ok(Bytes::from(whole.clone()))]),
            Some(ChecksumAlgorithm::Crc32),
        )
        .await;
    assert_eq!(info.checksum, staged.unwrap().checksum.clone());
    assert!(info.etag.ends_with("-2"));
    let object = objects.get(BUCKET, "big").await.unwrap();
    let pieces: Vec<Bytes> = object
        .stream(PART_BYTES_MIN - 2..PART_BYTES_MIN + 2)
        .map(|piece| piece.unwrap())
        .collect()
        .await;
    assert_eq!(pieces.concat(), [1, 1, b'e', b'n']);
    drop(object);

    assert!(objects.list_uploads(BUCKET).await.unwrap().is_empty());
    assert!(matches!(
        objects.list_parts(BUCKET, "big", &id).await,
        Err(Error::NoSuchUpload(_))
    ));
    copy(&objects, "big", "copy").await.unwrap();
    objects
        .delete(BUCKET, "big", Condition::Always)
        .await
        .unwrap();
    assert_eq!(get(&objects, "copy").await.unwrap(), whole);
    assert_tidy(folder.path(), 2);
    objects
        .delete(BUCKET, "copy", Condition::Always)
        .await
        .unwrap();
    assert_tidy(folder.path(), 0);
}

#[tokio::test]
async fn wrong_parts_are_refused_and_the_upload_stays() {
    let (_folder, objects) = store().await;
    let id = objects.create_upload(BUCKET, upload()).await.unwrap();
    let small = put_part(&objects, &id, 1, b"small".to_vec()).await;
    let end = put_part(&objects, &id, 2, b"end".to_vec()).await;
    let complete = async |parts: &[&CompletedPart], checksum: Option<&str>| {
        let parts = parts.iter().map(|part| (*part).clone()).collect();
        let checksum = checksum.map(str::to_owned);
        objects
            .complete_upload(
                BUCKET,
                "big",
                &id,
                parts,
                checksum,
                Condition::Always,
                at(8),
            )
            .await
            .unwrap_err()
    };
    let other = CompletedPart {
        etag: "other".to_owned(),
        ..small.clone()
    };
    let bad_sum = CompletedPart {
        checksum: Some("AAAAAA==".to_owned()),
        ..small.clone()
    };
    let missing = CompletedPart {
        number: 3,
        ..small.clone()
    };
    assert!(matches!(
        complete(&[&small, &end], None).await,
        Error::PartTooSmall { number: 1, size: 5 }
    ));
    assert!(matches!(
        complete(&[&end, &small], None).await,
        Error::InvalidPartOrder
    ));
    assert!(matches!(
        complete(&[&small, &small], None).await,
        Error::InvalidPartOrder
    ));
    assert!(matches!(
        complete(&[&other], None).await,
        Error::InvalidPart(1)
    ));
    assert!(matches!(
        complete(&[&bad_sum], None).await,
        Error::InvalidPart(1)
    ));
    assert!(matches!(
        complete(&[&missing], None).await,
        Error::InvalidPart(3)
    ));
    assert!(matches!(complete(&[], None).await, Error::InvalidPart(_)));
    assert!(matches!(
        complete(&[&end], Some("AAAAAA==")).await,
        Error::ChecksumMismatch
    ));
}

#[tokio::test]
async fn an_upload_is_found_by_its_id_and_key_and_aborted_once() {
    let (folder, objects) = store().await;
    let id = objects.create_upload(BUCKET, upload()).await.unwrap();
    put_part(&objects, &id, 1, b"part".to_vec()).await;
    for (number, valid) in [
        (0, false),
        (1, true),
        (10_000, true),
        (10_001, false),
        (-1, false),
    ] {
        assert_eq!(check_number(number).is_ok(), valid, "{number}");
    }
    for id in ["", "..", "../../bucket", "0123456789abcdef0123456789abcdef"] {
        assert!(
            matches!(
                objects.list_parts(BUCKET, "big", id).await,
                Err(Error::NoSuchUpload(_))
            ),
            "{id}"
        );
    }
    assert!(matches!(
        objects.list_parts(BUCKET, "other", &id).await,
        Err(Error::NoSuchUpload(_))
    ));
    objects.abort_upload(BUCKET, "big", &id).await.unwrap();
    assert!(matches!(
        objects.abort_upload(BUCKET, "big", &id).await,
        Err(Error::NoSuchUpload(_))
    ));
    assert_tidy(folder.path(), 0);
    assert_eq!(files(&folder.path().join("buckets")), ["bucket.json"]);
}
