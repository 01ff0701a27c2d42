//! A gigabyte goes through without being held in memory.

use std::fs::{self, File};
use std::io::Read;
use std::process::Stdio;

use crate::support::{Server, venv};

const GIB: u64 = 1 << 30;

/// The most memory that the server may ever have had: an eighth of what goes through, and well above what it needs.
const MEMORY_KIB_MAX: u64 = GIB / 1024 / 8;

/// The peak of a process's resident memory, in KiB.
fn memory_peak_kib(server: &Server) -> u64 {
    let status =
        fs::read_to_string(format!("/proc/{}/status", server.pid())).expect("a running server");
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .expect("VmHWM");
    line.split_whitespace()
        .next()
        .expect("a number")
        .parse()
        .expect("a number")
}

#[test]
fn a_gigabyte_goes_through_and_is_not_held_in_memory() {
    let server = Server::start();
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("gigabyte");
    File::create(&file)
        .and_then(|file| file.set_len(GIB))
        .expect("a sparse file");
    let aws = |arguments: &[&str]| {
        let output = server.aws(arguments);
        assert!(output.status.success(), "{output:?}");
    };
    aws(&["s3", "mb", "s3://big"]);
    aws(&[
        "s3",
        "cp",
        "--quiet",
        &file.display().to_string(),
        "s3://big/parts",
    ]);
    // The same as one body.
    let body = file.display().to_string();
    aws(&[
        "s3api",
        "put-object",
        "--bucket",
        "big",
        "--key",
        "whole",
        "--body",
        &body,
    ]);
    for key in ["parts", "whole"] {
        let mut download = server
            .command(venv().join("bin/aws"))
            .args(["s3", "cp", &format!("s3://big/{key}"), "-"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("the aws CLI");
        let mut bytes = download
            .stdout
            .take()
            .expect("its output")
            .bytes_in_pieces();
        assert_eq!(
            bytes.by_ref().map(|piece| piece as u64).sum::<u64>(),
            GIB,
            "{key}"
        );
        assert!(download.wait().expect("its end").success());
    }
    let peak = memory_peak_kib(&server);
    assert!(peak < MEMORY_KIB_MAX, "the server had {peak} KiB in memory");
}

/// The sizes of the pieces that can be read, after a look whether they are zeros as the file's.
trait Pieces: Read + Sized {
    fn bytes_in_pieces(mut self) -> impl Iterator<Item = usize> {
        let mut buffer = vec![0; 1 << 20];
        std::iter::from_fn(move || {
            let length = self.read(&mut buffer).expect("bytes");
            assert!(buffer[..length].iter().all(|&byte| byte == 0));
            (length > 0).then_some(length)
        })
    }
}

impl<R: Read> Pieces for R {}
