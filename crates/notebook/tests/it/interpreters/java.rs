//! Java.

use super::{EVERYTHING, check, script, told_in_hex};
use std::path::Path;

#[test]
fn java() {
    let program = |cell: &str, names: &[String]| {
        let lines: String = names
            .iter()
            .map(|name| format!("System.out.println(told({name}));\n"))
            .collect();
        format!(
            "class Program {{\n{}public static void main(String[] a) {{\n{cell}{lines}}} }}",
            include_str!("tell.java")
        )
    };
    let run = |file: &Path| script("mv \"$1\" Program.java && java Program.java", file);
    check("java", EVERYTHING.sample(), program, run, told_in_hex);
}
