//! Buckets and their listings.

use super::super::Bucket;
use super::super::error::Error;
use super::super::list::ListRequest;
use super::super::record::Condition;
use super::{BUCKET, all, assert_tidy, names, new_bucket, put, store};

#[tokio::test]
async fn a_list_has_pages_prefixes_and_delimiters() {
    let (_folder, objects) = store().await;
    for key in ["a", "a-b", "a/1", "a/2", "a/c/3", "a0", "b/", "b/x", "c"] {
        put(&objects, key, b"").await.unwrap();
    }
    let list = async |prefix: &str, delimiter: Option<&str>, after: &str, max| {
        let delimiter = delimiter.map(str::to_owned);
        let request = ListRequest {
            prefix: prefix.to_owned(),
            delimiter,
            after: after.to_owned(),
            max,
        };
        let (names, next) = names(&objects, request).await;
        (names.join(" "), next)
    };
    let whole = |text: &str| (text.to_owned(), None);
    let page = |text: &str, next: &str| (text.to_owned(), Some(next.to_owned()));
    assert_eq!(
        list("", None, "", 1000).await,
        whole("a a-b a/1 a/2 a/c/3 a0 b/ b/x c")
    );
    assert_eq!(
        list("", Some("/"), "", 1000).await,
        whole("a a-b a/… a0 b/… c")
    );
    assert_eq!(
        list("a/", Some("/"), "", 1000).await,
        whole("a/1 a/2 a/c/…")
    );
    assert_eq!(list("a", Some("/"), "", 1000).await, whole("a a-b a/… a0"));
    assert_eq!(list("a/c", None, "", 1000).await, whole("a/c/3"));
    assert_eq!(list("b/", Some("/"), "", 1000).await, whole("b/ b/x"));
    assert_eq!(
        list("", Some("-"), "", 4).await,
        page("a a-… a/1 a/2", "a/2")
    );
    assert_eq!(list("", Some("/"), "", 3).await, page("a a-b a/…", "a/"));
    assert_eq!(list("", Some("/"), "a/", 3).await, whole("a0 b/… c"));
    assert_eq!(list("", Some("/"), "a/1", 2).await, page("a/… a0", "a0"));
    assert_eq!(list("", None, "a/2", 2).await, page("a/c/3 a0", "a0"));
    assert_eq!(list("", None, "c", 2).await, whole(""));
    assert_eq!(list("", None, "", 0).await, whole(""));
    assert_eq!(list("nope/", None, "", 10).await, whole(""));
    assert_eq!(list(&"n/".repeat(3000), None, "", 10).await, whole(""));
    assert!(matches!(
        objects.list("nowhere", all()).await,
        Err(Error::NoSuchBucket(_))
    ));
}

#[tokio::test]
async fn buckets_are_created_listed_changed_and_deleted() {
    let (folder, objects) = store().await;
    assert!(matches!(
        objects.create_bucket(BUCKET, new_bucket()).await,
        Err(Error::BucketExists(_))
    ));
    assert!(matches!(
        objects.create_bucket("../x", new_bucket()).await,
        Err(Error::InvalidBucketName(_))
    ));
    assert!(matches!(
        objects.head_bucket("nowhere").await,
        Err(Error::NoSuchBucket(_))
    ));
    objects
        .create_bucket("another", new_bucket())
        .await
        .unwrap();
    objects
        .update_bucket("another", |bucket| {
            bucket.versioning = Some("Enabled".to_owned())
        })
        .await
        .unwrap();
    let changed = Bucket {
        versioning: Some("Enabled".to_owned()),
        ..new_bucket()
    };
    assert_eq!(
        objects.list_buckets().await.unwrap(),
        [
            ("another".to_owned(), changed),
            (BUCKET.to_owned(), new_bucket())
        ]
    );
    put(&objects, "deep/er/k", b"").await.unwrap();
    assert!(matches!(
        objects.delete_bucket(BUCKET).await,
        Err(Error::BucketNotEmpty(_))
    ));
    objects
        .delete(BUCKET, "deep/er/k", Condition::Always)
        .await
        .unwrap();
    objects.delete_bucket(BUCKET).await.unwrap();
    assert!(matches!(
        objects.delete_bucket(BUCKET).await,
        Err(Error::NoSuchBucket(_))
    ));
    assert!(matches!(
        put(&objects, "k", b"").await,
        Err(Error::NoSuchBucket(_))
    ));
    assert!(matches!(
        objects.delete(BUCKET, "k", Condition::Always).await,
        Err(Error::NoSuchBucket(_))
    ));
    assert_tidy(folder.path(), 0);
}
