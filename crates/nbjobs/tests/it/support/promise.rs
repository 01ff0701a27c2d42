//! How a test says that it has shown one of the README's promises. `scripts/promises` prints what was said.

use std::fs;
use std::panic::Location;
use std::path::Path;

/// Says that promise `number` was kept in `count` cases, `what` each of them is. The last thing that a test does, so
/// that what is said was shown. `count` is what the test counted, never what it meant to do.
#[track_caller]
pub fn kept(number: u8, count: u64, what: &str) {
    let place = Location::caller();
    let test = std::thread::current().name().unwrap_or("main").to_owned();
    assert!(count > 0, "{test} has shown nothing");
    let record = serde_json::json!({
        "promise": number, "count": count, "what": what, "test": test,
        "place": format!("{}:{}", place.file(), place.line()),
    });
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/promises");
    fs::create_dir_all(&folder).expect("a folder for what was shown");
    let name = format!("{number}-{}.json", test.replace("::", "."));
    fs::write(folder.join(name), record.to_string()).expect("a record of what was shown");
}
