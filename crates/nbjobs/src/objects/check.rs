//! Looks whether a store's folder is whole, without opening the store: another process may be working in it. Must not
//! know what an object is for.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::blobs::part_name;
use super::checksum::Digests;
use super::disk::{self, Layout};
use super::names::{self, Kind};
use super::record::Record;
use crate::model::finding::{Finding, Severity};

/// Bytes that are read at a time.
const READ_BYTES: usize = 1 << 20;

/// A store's folder, to look at.
#[derive(Debug)]
pub struct Folder {
    pub(super) layout: Layout,
}

/// What a look has found.
#[derive(Debug, Default)]
pub struct Checked {
    /// Objects that were looked at.
    pub objects: usize,
    /// Bytes that were read.
    pub bytes: u64,
    /// What is not as it should be.
    pub findings: Vec<Finding>,
    /// Blobs among them that no record names.
    litter: Vec<String>,
    /// Whether a record could not be read: then nobody knows which blob was its.
    has_unread_record: bool,
}

impl Folder {
    /// The folder at `root`, as [`super::Objects::open`] has it.
    pub fn new(root: &Path) -> Self {
        Self {
            layout: Layout::new(root),
        }
    }

    /// Looks at every record and every blob; with `read_data`, at every byte. When the store is `live`, what is on its
    /// way in or out is passed over.
    pub fn check(&self, live: bool, read_data: bool) -> io::Result<Checked> {
        let mut checked = Checked::default();
        // This order: a blob that is in place has a note until a record names it, and again before no record does.
        let blobs = disk::names_in(&self.layout.blobs())?.unwrap_or_default();
        let notes = self.notes()?;
        let mut named = BTreeSet::new();
        for bucket in disk::names_in(&self.layout.buckets())?.unwrap_or_default() {
            let settings = self.layout.bucket(&bucket).join("bucket.json");
            if let Err(error) = disk::read_json::<super::Bucket>(&settings) {
                let finding = Finding::wrong("bucket", bucket.as_str(), error.to_string());
                checked.findings.push(finding);
            }
            let index = self.layout.index(&bucket);
            self.walk(&index, &bucket, &[], read_data, &mut named, &mut checked)?;
        }
        let again = self.notes()?;
        for blob in blobs {
            let on_its_way = notes.contains(&blob) || again.contains(&blob);
            if !on_its_way && !named.contains(&blob) && self.layout.blob(&blob).exists() {
                let problem = "no object has these bytes";
                let subject = format!("blobs/{blob}");
                checked
                    .findings
                    .push(Finding::litter("object", subject, problem));
                checked.litter.push(blob);
            }
        }
        if !live {
            self.interrupted(&notes, &mut checked)?;
        }
        Ok(checked)
    }

    /// Takes the litter away that [`Folder::check`] has found, and says so in the findings. Nobody may work in the
    /// store. Bytes that may be those of a record that cannot be read stay.
    pub async fn repair(&self, checked: &mut Checked) -> super::Result<()> {
        // Opening the store finishes what a crash has interrupted.
        drop(super::Objects::open(self.layout.root()).await?);
        if !checked.has_unread_record {
            for blob in &checked.litter {
                disk::remove(&self.layout.blob(blob))?;
            }
        }
        let keep_blobs = checked.has_unread_record;
        for finding in &mut checked.findings {
            let kept = keep_blobs && finding.subject.starts_with("blobs/");
            finding.repaired = finding.severity == Severity::Litter && !kept;
        }
        Ok(())
    }

    /// The bytes of an object; none if there is no such object.
    pub fn open(&self, bucket: &str, key: &str) -> io::Result<Option<impl Read + use<>>> {
        let ours = names::check_bucket(bucket).and_then(|()| names::check_key(key));
        if ours.is_err() {
            return Ok(None);
        }
        let Some(record) = disk::read_json::<Record>(&self.layout.record(bucket, key))? else {
            return Ok(None);
        };
        let mut bytes: Box<dyn Read> = Box::new(io::empty());
        for (path, _) in self.files(&record) {
            bytes = Box::new(bytes.chain(File::open(path)?));
        }
        Ok(Some(bytes))
    }

    fn notes(&self) -> io::Result<BTreeSet<String>> {
        let names = disk::names_in(&self.layout.notes())?.unwrap_or_default();
        Ok(names.into_iter().collect())
    }

    /// What a crash has left half done; the next start finishes it.
    fn interrupted(&self, notes: &BTreeSet<String>, checked: &mut Checked) -> io::Result<()> {
        let staging = disk::names_in(&self.layout.staging())?.unwrap_or_default();
        let paths = staging.iter().map(|name| format!("staging/{name}"));
        for path in paths.chain(notes.iter().map(|name| format!("notes/{name}"))) {
            let problem = "a crash has left this; the next start takes it away";
            checked
                .findings
                .push(Finding::litter("object", path, problem));
        }
        Ok(())
    }

    fn walk(
        &self,
        folder: &Path,
        bucket: &str,
        start: &[u8],
        read_data: bool,
        named: &mut BTreeSet<String>,
        checked: &mut Checked,
    ) -> io::Result<()> {
        for name in disk::names_in(folder)?.unwrap_or_default() {
            let path = folder.join(&name);
            let Some((piece, kind)) = names::decode(&name) else {
                let subject = path.display().to_string();
                let problem = "this is not the store's";
                checked
                    .findings
                    .push(Finding::wrong("object", subject, problem));
                continue;
            };
            let key = [start, &piece].concat();
            if kind != Kind::Record {
                self.walk(&path, bucket, &key, read_data, named, checked)?;
                continue;
            }
            checked.objects += 1;
            if let Err(problem) = self.object(&path, read_data, named, checked) {
                let subject = format!("s3://{bucket}/{}", String::from_utf8_lossy(&key));
                checked
                    .findings
                    .push(Finding::wrong("object", subject, problem));
            }
        }
        Ok(())
    }

    /// Looks at one object. One that is replaced or deleted meanwhile is looked at again.
    fn object(
        &self,
        path: &Path,
        read_data: bool,
        named: &mut BTreeSet<String>,
        checked: &mut Checked,
    ) -> Result<(), String> {
        let mut seen: Option<String> = None;
        loop {
            let found = match disk::read_json::<Record>(path) {
                Ok(Some(found)) => found,
                Ok(None) => return Ok(()),
                Err(error) => {
                    checked.has_unread_record = true;
                    return Err(error.to_string());
                }
            };
            named.insert(found.blob.clone());
            match self.bytes(&found, read_data, &mut checked.bytes) {
                Err(problem) if seen.as_ref() == Some(&found.blob) => return Err(problem),
                Err(_) => seen = Some(found.blob),
                Ok(()) => return Ok(()),
            }
        }
    }

    fn bytes(&self, record: &Record, read_data: bool, read: &mut u64) -> Result<(), String> {
        let mut md5s = Vec::new();
        for (path, size) in self.files(record) {
            let name = path.strip_prefix(self.layout.root()).unwrap_or(&path);
            let told = |error: io::Error| format!("its bytes in {}: {error}", name.display());
            let found = fs::metadata(&path).map_err(told)?.len();
            if found != size {
                return Err(format!(
                    "{} has {found} bytes instead of {size}",
                    name.display()
                ));
            }
            if read_data {
                md5s.push(md5(&path).map_err(told)?);
                *read += size;
            }
        }
        if read_data && !record.info.part_sizes.is_empty() {
            let all = md5s.concat();
            let bytes = hex::decode(all).map_err(|error| error.to_string())?;
            let mut digests = Digests::new(None);
            digests.update(&bytes);
            md5s = vec![format!("{}-{}", digests.finish().0, md5s.len())];
        }
        match md5s.first() {
            Some(found) if *found != record.info.etag => Err(format!(
                "its bytes have the ETag {found} instead of {}",
                record.info.etag
            )),
            _ => Ok(()),
        }
    }

    /// The files that have an object's bytes, each with the size that it should have.
    fn files(&self, record: &Record) -> Vec<(PathBuf, u64)> {
        let blob = self.layout.blob(&record.blob);
        let sizes = &record.info.part_sizes;
        if sizes.is_empty() {
            return vec![(blob, record.info.size)];
        }
        let parts = sizes.iter().enumerate();
        parts
            .map(|(index, size)| (blob.join(part_name(index)), *size))
            .collect()
    }
}

fn md5(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut digests = Digests::new(None);
    let mut buffer = vec![0; READ_BYTES];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(digests.finish().0),
            count => digests.update(&buffer[..count]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objects::{Bucket, Objects};
    use bytes::Bytes;
    use futures::stream;

    async fn filled(root: &Path) {
        let objects = Objects::open(root).await.expect("a store");
        let bucket = Bucket {
            created: jiff::Timestamp::UNIX_EPOCH,
            region: None,
            versioning: None,
            encryption: None,
        };
        objects
            .create_bucket("bucket", bucket)
            .await
            .expect("a bucket");
        for key in ["a", "d/b", "d/c"] {
            let body = stream::iter([Ok(Bytes::from(format!("the bytes of {key}")))]);
            let now = jiff::Timestamp::UNIX_EPOCH;
            objects
                .put("bucket", key, body, Default::default(), now)
                .await
                .expect("an object");
        }
    }

    fn blob(root: &Path, key: &str) -> PathBuf {
        let layout = Layout::new(root);
        let record: Option<Record> =
            disk::read_json(&layout.record("bucket", key)).expect("a record");
        layout.blob(&record.expect("an object").blob)
    }

    #[tokio::test]
    async fn a_whole_store_has_no_findings_and_each_damage_one() {
        let dir = tempfile::tempdir().expect("a folder");
        let root = dir.path().join("objects");
        filled(&root).await;
        let folder = Folder::new(&root);
        let checked = folder.check(false, true).expect("a look");
        assert_eq!((checked.objects, checked.findings), (3, vec![]));

        fs::write(blob(&root, "a"), "THE BYTES OF a").expect("other bytes of the same size");
        fs::remove_file(blob(&root, "d/b")).expect("a blob");
        assert_eq!(problems(&folder, false), ["s3://bucket/d/b: its bytes in"]);
        assert_eq!(
            problems(&folder, true),
            [
                "s3://bucket/a: its bytes have",
                "s3://bucket/d/b: its bytes in"
            ]
        );
    }

    #[tokio::test]
    async fn litter_is_taken_away_but_not_what_may_belong_to_a_damaged_record() {
        let dir = tempfile::tempdir().expect("a folder");
        let root = dir.path().join("objects");
        filled(&root).await;
        let folder = Folder::new(&root);
        let layout = Layout::new(&root);
        fs::write(layout.blob("orphan"), "bytes").expect("a blob");
        fs::write(layout.staging().join("half"), "by").expect("half a blob");
        let mut checked = folder.check(false, false).expect("a look");
        let subjects: Vec<&str> = checked
            .findings
            .iter()
            .map(|f| f.subject.as_str())
            .collect();
        assert_eq!(subjects, ["blobs/orphan", "staging/half"]);
        folder.repair(&mut checked).await.expect("a repair");
        assert!(checked.findings.iter().all(|finding| finding.repaired));
        assert_eq!(problems(&folder, true), Vec::<String>::new());

        let record = layout.record("bucket", "d/c");
        let bytes = blob(&root, "d/c");
        fs::write(&record, "{half").expect("a damaged record");
        let mut checked = folder.check(false, false).expect("a look");
        assert_eq!(checked.findings.len(), 2, "the record and its bytes");
        folder.repair(&mut checked).await.expect("a repair");
        assert!(checked.findings.iter().all(|finding| !finding.repaired));
        assert!(bytes.exists());
    }

    /// What a look finds, each with the first words of its problem.
    fn problems(folder: &Folder, read_data: bool) -> Vec<String> {
        let checked = folder.check(false, read_data).expect("a look");
        let told = |finding: &Finding| {
            let words: Vec<&str> = finding.problem.split(' ').take(3).collect();
            format!("{}: {}", finding.subject, words.join(" "))
        };
        let mut problems: Vec<String> = checked.findings.iter().map(told).collect();
        problems.sort_unstable();
        problems
    }
}
