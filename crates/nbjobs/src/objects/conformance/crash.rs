//! What a crash or a full disk leaves.

use std::fs;
use std::io;

use super::super::error::Error;
use super::super::{Objects, disk};
use super::{BUCKET, all, assert_tidy, get, names, put, store};

#[tokio::test]
async fn what_a_crash_left_is_settled_at_open() {
    let (folder, objects) = store().await;
    put(&objects, "kept", b"kept").await.unwrap();
    put(&objects, "lost", b"lost").await.unwrap();
    let inner = objects.inner.clone();
    let kept = inner.record(BUCKET, "kept").unwrap().unwrap().blob;
    let lost = inner.record(BUCKET, "lost").unwrap().unwrap().blob;
    // A put that died after its record, a delete that died before its blob, a put that died before its record, one that
    // died before its blob, and an upload that died.
    inner.write_note(&kept, BUCKET, "kept").unwrap();
    inner.write_note(&lost, BUCKET, "lost").unwrap();
    fs::remove_file(inner.layout.record(BUCKET, "lost")).unwrap();
    let unborn = disk::new_id();
    inner.write_note(&unborn, BUCKET, "kept").unwrap();
    fs::write(inner.layout.blob(&unborn), b"unborn").unwrap();
    inner.write_note(&disk::new_id(), "nowhere", "k").unwrap();
    fs::write(inner.layout.new_staging(), b"half").unwrap();
    fs::create_dir(inner.layout.new_staging()).unwrap();
    assert!(matches!(
        Objects::open(folder.path()).await,
        Err(Error::InUse)
    ));
    drop((objects, inner));

    let objects = Objects::open(folder.path()).await.unwrap();
    assert_eq!(names(&objects, all()).await.0, ["kept"]);
    assert_eq!(get(&objects, "kept").await.unwrap(), b"kept");
    assert_tidy(folder.path(), 1);
}

#[test]
fn a_full_disk_is_told_as_such() {
    for code in [nix::errno::Errno::ENOSPC, nix::errno::Errno::EDQUOT] {
        assert!(matches!(
            Error::from(io::Error::from_raw_os_error(code as i32)),
            Error::StorageFull
        ));
    }
}
