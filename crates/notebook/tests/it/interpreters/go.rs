//! Go.

use super::{EVERYTHING, Holds, check, script, told};
use std::path::Path;

#[test]
fn go() {
    let program = |cell: &str, names: &[String]| {
        format!(
            "{}{cell}func main() {{ tell({}) }}",
            include_str!("tell.go"),
            names.join(", ")
        )
    };
    let run = |file: &Path| {
        script(
            "mv \"$1\" program.go && GOCACHE=$PWD/cache go run program.go",
            file,
        )
    };
    let holds = Holds {
        int: i128::from(i64::MAX),
        ..EVERYTHING
    };
    check("go", holds.sample(), program, run, told);
}
