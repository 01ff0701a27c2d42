//! JavaScript, by Node.js.

use super::{EVERYTHING, check, command, ints_as_floats, told};
use notebook::Value;

#[test]
fn javascript() {
    let program = |cell: &str, names: &[String]| {
        let tell = include_str!("tell.js");
        format!(
            "{cell}{tell}for (const v of [{}]) console.log(JSON.stringify(told(v)));",
            names.join(", ")
        )
    };
    // JavaScript's numbers below 2^53 are floats.
    let expected = |value: &Value| told(&ints_as_floats(value, (1 << 53) - 1));
    check(
        "javascript",
        EVERYTHING.sample(),
        program,
        |file| command("node", file),
        expected,
    );
}
