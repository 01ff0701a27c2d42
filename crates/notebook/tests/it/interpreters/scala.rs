//! Scala.

use super::{EVERYTHING, check, script, told_in_hex};
use std::path::Path;

/// How many values are set in one object: the JVM takes no method of more than 64 KB.
const OBJECT_VALUES: usize = 50;

#[test]
fn scala() {
    let program = |cell: &str, names: &[String]| {
        let sets: Vec<&str> = cell
            .lines()
            .filter(|line| line.starts_with("val "))
            .collect();
        assert_eq!(sets.len(), names.len());
        let objects: String = sets
            .chunks(OBJECT_VALUES)
            .zip(names.chunks(OBJECT_VALUES))
            .enumerate()
            .map(|(index, (sets, names))| {
                format!(
                    "object Values{index} {{\n{}\ndef all = List[Any]({})\n}}\n",
                    sets.join("\n"),
                    names.join(", ")
                )
            })
            .collect();
        let lines: String = (0..sets.len().div_ceil(OBJECT_VALUES))
            .map(|index| format!("Values{index}.all.map(Tell.told).foreach(println)\n"))
            .collect();
        format!(
            "{}{objects}object Program extends App {{\n{lines}}}\n",
            include_str!("tell.scala")
        )
    };
    let run = |file: &Path| {
        script(
            "mv \"$1\" program.scala && scalac program.scala && scala -cp . Program",
            file,
        )
    };
    check("scala", EVERYTHING.sample(), program, run, told_in_hex);
}
