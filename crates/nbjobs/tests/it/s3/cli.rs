//! `aws s3`, command by command.

use std::fs;
use std::path::Path;
use std::process::Output;

use crate::support::Server;

/// What a command printed, after a look whether it went well.
fn ok(output: Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("text")
}

fn path(folder: &Path, name: &str) -> String {
    folder.join(name).display().to_string()
}

/// The names of a listing's lines: the last column.
fn names(listing: &str) -> Vec<String> {
    let last = |line: &str| line.split_whitespace().next_back().map(str::to_owned);
    listing.lines().filter_map(last).collect()
}

#[test]
fn every_command_of_aws_s3_works() {
    let server = Server::start();
    let s3 = |arguments: &[&str]| ok(server.aws(&[&["s3"], arguments].concat()));
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str| path(folder.path(), name);
    fs::write(file("small"), "small").expect("a file");
    fs::write(file("empty"), "").expect("a file");
    // Past the CLI's threshold for multipart uploads, which is 8 MiB.
    let big: Vec<u8> = (0..9_000_000u32).map(|i| (i % 251) as u8).collect();
    fs::write(file("big"), &big).expect("a file");

    s3(&["mb", "s3://tour"]);
    assert!(names(&s3(&["ls"])).contains(&"tour".to_owned()));
    for name in ["small", "empty", "big"] {
        s3(&["cp", &file(name), &format!("s3://tour/p/{name}")]);
    }
    assert_eq!(
        names(&s3(&["ls", "s3://tour/p/"])),
        ["big", "empty", "small"]
    );
    assert_eq!(s3(&["ls", "s3://tour"]).trim(), "PRE p/");
    assert_eq!(
        names(&s3(&["ls", "s3://tour", "--recursive"])),
        ["p/big", "p/empty", "p/small"]
    );

    s3(&["cp", "s3://tour/p/big", "s3://tour/q/copy"]);
    s3(&["mv", "s3://tour/q/copy", "s3://tour/q/moved"]);
    s3(&["cp", "s3://tour/q/moved", &file("back")]);
    assert_eq!(fs::read(file("back")).expect("a file"), big);
    assert_eq!(names(&s3(&["ls", "s3://tour/q/"])), ["moved"]);
    assert_eq!(s3(&["cp", "s3://tour/p/small", "-"]), "small");

    let url = s3(&["presign", "s3://tour/p/small"]);
    let mut answer = ureq::get(url.trim()).call().expect("an answer");
    assert_eq!(answer.body_mut().read_to_string().expect("text"), "small");

    let refused = server.aws(&["s3", "rb", "s3://tour"]);
    assert!(
        String::from_utf8_lossy(&refused.stderr).contains("BucketNotEmpty"),
        "{refused:?}"
    );
    s3(&["rm", "s3://tour/p/small"]);
    s3(&["rm", "s3://tour", "--recursive"]);
    assert_eq!(s3(&["ls", "s3://tour", "--recursive"]), "");
    s3(&["rb", "s3://tour"]);
    assert!(!names(&s3(&["ls"])).contains(&"tour".to_owned()));
}

#[test]
fn a_synced_folder_is_synced() {
    let server = Server::start();
    let s3 = |arguments: &[&str]| ok(server.aws(&[&["s3"], arguments].concat()));
    let folder = tempfile::tempdir().expect("a folder");
    let (up, down) = (path(folder.path(), "up"), path(folder.path(), "down"));
    let files = [
        "plain",
        "sp ace",
        "plus+sign",
        "per%20cent",
        "\u{e9}\u{65e5}",
        "deep/er/x",
        "deep.txt",
    ];
    for file in files {
        let path = Path::new(&up).join(file);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, file).expect("a file");
    }
    s3(&["mb", "s3://synced"]);
    assert_eq!(
        s3(&["sync", &up, "s3://synced/f"])
            .matches("upload:")
            .count(),
        files.len()
    );
    assert_eq!(s3(&["sync", &up, "s3://synced/f"]), "");
    s3(&["sync", "s3://synced/f", &down]);
    for file in files {
        assert_eq!(
            fs::read_to_string(Path::new(&down).join(file)).expect("a file"),
            file
        );
    }
    fs::remove_file(Path::new(&up).join("plus+sign")).expect("a file");
    let gone = s3(&["sync", &up, "s3://synced/f", "--delete"]);
    assert_eq!(gone.trim(), "delete: s3://synced/f/plus+sign");
    s3(&["rb", "s3://synced", "--force"]);
}
