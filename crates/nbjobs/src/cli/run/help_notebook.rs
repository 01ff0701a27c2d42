//! `nbjobs run --help-notebook`: the parameters that a notebook defines, in Papermill's form.

use super::args::USAGE;
use notebook::Notebook;
use notebook::parameters::Definition;
use std::io::Write;

/// A definition longer than this has its help on the next line.
const DEFINITION_WIDTH: usize = 30;
/// Where help begins.
const HELP_COLUMN: usize = 34;

/// Writes the help. False if no cell is tagged `parameters`.
pub(super) fn show(
    notebook: &Notebook,
    path: &str,
    kernel: Option<&str>,
    language: Option<&str>,
) -> anyhow::Result<bool> {
    let mut stdout = std::io::stdout().lock();
    writeln!(
        stdout,
        "{USAGE}\n\nParameters inferred for notebook '{path}':"
    )?;
    if notebook.tagged_cell("parameters").is_none() {
        writeln!(stdout, "\n  No cell tagged 'parameters'")?;
        return Ok(false);
    }
    let definitions = notebook::parameters::inspect(notebook, kernel, language)?;
    for definition in definitions.iter().flatten() {
        writeln!(stdout, "{}", line(definition))?;
    }
    if definitions.is_none_or(|all| all.is_empty()) {
        writeln!(
            stdout,
            "\n  Can't infer anything about this notebook's parameters. It may not have any parameter defined."
        )?;
    }
    Ok(true)
}

fn line(definition: &Definition) -> String {
    let type_name = definition.type_name.as_deref().unwrap_or("Unknown type");
    let (name, default) = (&definition.name, &definition.default);
    let defined = format!("  {name}: {type_name} (default {default})");
    let help = &definition.help;
    match defined.chars().count() > DEFINITION_WIDTH {
        true if help.is_empty() => defined,
        true => format!("{defined}\n{}{help}", " ".repeat(HELP_COLUMN)),
        false => format!("{defined:<HELP_COLUMN$}{help}"),
    }
}
