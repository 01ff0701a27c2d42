//! Ruby.

use super::{EVERYTHING, check, command, told};

#[test]
fn ruby() {
    let program = |cell: &str, names: &[String]| {
        let tell = include_str!("tell.rb");
        format!(
            "{cell}{tell}[{}].each {{ |v| puts JSON.generate(told(v)) }}",
            names.join(", ")
        )
    };
    check(
        "ruby",
        EVERYTHING.sample(),
        program,
        |file| command("ruby", file),
        told,
    );
}
