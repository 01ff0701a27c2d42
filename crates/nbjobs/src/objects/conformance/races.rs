//! Readers and writers that meet.

use bytes::Bytes;
use futures::stream;

use super::super::error::Error;
use super::super::record::{Condition, Metadata};
use super::{BUCKET, assert_tidy, at, get, put, store};

#[tokio::test]
async fn a_reader_keeps_what_it_has_found() {
    let (folder, objects) = store().await;
    put(&objects, "k", b"old").await.unwrap();
    let old = objects.get(BUCKET, "k").await.unwrap();
    let again = old.clone();
    put(&objects, "k", b"new!").await.unwrap();
    assert_eq!(old.bytes(10).await.unwrap(), "old");
    drop(old);
    objects
        .delete(BUCKET, "k", Condition::Always)
        .await
        .unwrap();
    assert_eq!(again.bytes(10).await.unwrap(), "old");
    assert!(matches!(get(&objects, "k").await, Err(Error::NoSuchKey(_))));
    drop(again);
    assert_tidy(folder.path(), 0);
}

#[tokio::test]
async fn conditions_hold_at_the_moment_of_change() {
    let (folder, objects) = store().await;
    let put_if = async |condition| {
        let staged = objects
            .stage(stream::iter([Ok(Bytes::from_static(b"x"))]), None)
            .await
            .unwrap();
        objects
            .put_staged(BUCKET, "k", staged, Metadata::default(), condition, at(3))
            .await
    };
    assert!(matches!(
        put_if(Condition::Etag("e".into())).await,
        Err(Error::NoSuchKey(_))
    ));
    assert!(matches!(
        put_if(Condition::Present).await,
        Err(Error::NoSuchKey(_))
    ));
    let etag = put_if(Condition::Absent).await.unwrap().etag;
    assert!(matches!(
        put_if(Condition::Absent).await,
        Err(Error::PreconditionFailed)
    ));
    assert!(matches!(
        put_if(Condition::Etag("other".into())).await,
        Err(Error::PreconditionFailed)
    ));
    put_if(Condition::Etag(etag.clone())).await.unwrap();
    let delete_if = |condition| objects.delete(BUCKET, "k", condition);
    assert!(matches!(
        delete_if(Condition::Etag("other".into())).await,
        Err(Error::PreconditionFailed)
    ));
    delete_if(Condition::Etag(etag.clone())).await.unwrap();
    assert!(matches!(
        delete_if(Condition::Etag(etag)).await,
        Err(Error::NoSuchKey(_))
    ));
    delete_if(Condition::Always).await.unwrap();
    assert_tidy(folder.path(), 0);
}

#[tokio::test]
async fn of_many_creators_one_wins() {
    let (folder, objects) = store().await;
    let mut tasks = tokio::task::JoinSet::new();
    for i in 0..20u8 {
        let objects = objects.clone();
        tasks.spawn(async move {
            let staged = objects
                .stage(stream::iter([Ok(Bytes::from(vec![i]))]), None)
                .await
                .unwrap();
            objects
                .put_staged(
                    BUCKET,
                    "a/k",
                    staged,
                    Metadata::default(),
                    Condition::Absent,
                    at(3),
                )
                .await
                .is_ok()
        });
    }
    let won = tasks
        .join_all()
        .await
        .into_iter()
        .filter(|won| *won)
        .count();
    assert_eq!(won, 1);
    assert_tidy(folder.path(), 1);
}

#[tokio::test]
async fn readers_and_writers_of_one_key_see_whole_objects() {
    let (folder, objects) = store().await;
    put(&objects, "k", &[0; 1000]).await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for i in 0..8u8 {
        let objects = objects.clone();
        tasks.spawn(async move {
            for _ in 0..10 {
                put(&objects, "k", &[i; 1000]).await.unwrap();
                let body = get(&objects, "k").await.unwrap();
                assert_eq!(body, vec![body[0]; 1000]);
            }
        });
    }
    tasks.join_all().await;
    assert_tidy(folder.path(), 1);
}
