//! Runs `checks/`, Python that asks boto3 for what the CLI has no command for.

use std::path::Path;

use crate::support::{Server, venv};

#[test]
fn boto3_gets_what_s3_would_give() {
    let server = Server::start();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/s3/checks");
    let output = server
        .command(venv().join("bin/python"))
        .arg(script)
        .output()
        .expect("python");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{text}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    // The script says how many checks it ran, so that running none is not a pass.
    assert!(text.contains("24 checks passed"), "{text}");
}
