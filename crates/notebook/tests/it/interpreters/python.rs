//! Python.

use super::{EVERYTHING, check, command, told};
use crate::venv;
use std::path::Path;

#[test]
fn python() {
    let program = |cell: &str, names: &[String]| {
        let tell = include_str!("tell.py");
        format!(
            "{cell}{tell}for v in [{}]: print(json.dumps(told(v)))",
            names.join(", ")
        )
    };
    let run = |file: &Path| command(venv().join("bin/python"), file);
    check("python", EVERYTHING.sample(), program, run, told);
}
