//! C#, as Mono runs it.

use super::{EVERYTHING, Holds, check, script, told_in_hex};
use std::path::Path;

#[test]
fn csharp() {
    let program = |cell: &str, names: &[String]| {
        let lines: String = names
            .iter()
            .map(|name| format!("Console.WriteLine(Told({name}));\n"))
            .collect();
        format!(
            "{}static void Main() {{\n{cell}{lines}}} }}",
            include_str!("tell.cs")
        )
    };
    let run = |file: &Path| {
        script(
            "mv \"$1\" program.cs && mcs -warn:0 -r:System.Numerics program.cs && mono program.exe",
            file,
        )
    };
    // Mono's compiler reads subnormal numbers not to the last bit, and forgets the sign of zeros in arrays.
    let holds = Holds {
        float: |number| !number.is_subnormal() && number.to_bits() != (-0.0_f64).to_bits(),
        ..EVERYTHING
    };
    check(".net-csharp", holds.sample(), program, run, told_in_hex);
}
