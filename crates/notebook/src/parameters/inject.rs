//! The cell that sets the parameters: where it goes, and what the caller is told.

use super::{
    Assignment, Definition, Error, INJECTED_TAG, Language, PARAMETERS_TAG, Parameters, languages,
    typed,
};
use crate::nbformat::{Cell, Notebook};
use crate::prepare::{Notes, Preparation};
use serde_json::json;

/// Sets the parameters in a cell of their own: in place of an earlier injected one, else right after the cell tagged
/// `parameters`, else on top. What was set is returned, too: values may have been given types.
pub(crate) fn inject(
    notebook: &mut Notebook,
    preparation: &Preparation,
) -> Result<(Parameters, Notes), Error> {
    let language = languages::of(
        notebook,
        preparation.kernel_name.as_deref(),
        preparation.language.as_deref(),
    )?;
    let tagged = notebook.tagged_cell(PARAMETERS_TAG);
    let definitions = match (tagged, language.inspect) {
        (None, _) => Some(Vec::new()),
        (Some(index), Some(inspect)) => Some(inspect(&notebook.cells[index].source)),
        (Some(_), None) => None,
    };
    let mut parameters = preparation.parameters.clone();
    let mut notes = Notes {
        no_parameters_cell: tagged.is_none(),
        ..Notes::default()
    };
    if preparation.typed_parameters {
        let known = definitions.as_deref().unwrap_or_default();
        parameters = typed::convert(&parameters, known, preparation.json_parameters);
    }
    if let Some(definitions) = &definitions {
        notes.ill_typed_parameters = typed::check(&parameters, definitions);
        let unknown = |name: &&str| definitions.iter().all(|known| known.name != **name);
        let names = parameters.iter().map(|(name, _)| name).filter(unknown);
        notes.unknown_parameters = names.map(str::to_owned).collect();
    }
    let definitions = definitions.unwrap_or_default();
    if preparation.strict_parameters {
        refuse(&notes, &definitions)?;
    }
    let mut cell = Cell::code(source(language, &parameters, &definitions)?);
    cell.metadata
        .insert("tags".to_owned(), json!([INJECTED_TAG]));
    match (notebook.tagged_cell(INJECTED_TAG), tagged) {
        (Some(index), _) => notebook.cells[index] = cell,
        (None, Some(index)) => notebook.cells.insert(index + 1, cell),
        (None, None) => notebook.cells.insert(0, cell),
    }
    Ok((parameters, notes))
}

fn refuse(notes: &Notes, definitions: &[Definition]) -> Result<(), Error> {
    if let Some(name) = notes.unknown_parameters.first() {
        return Err(Error::Unknown {
            name: name.clone(),
            defined: definitions.iter().map(|known| known.name.clone()).collect(),
        });
    }
    match notes.ill_typed_parameters.first() {
        Some(wrong) => Err(wrong.clone().into()),
        None => Ok(()),
    }
}

/// The source of a cell that sets parameters.
fn source(
    language: &Language,
    parameters: &Parameters,
    definitions: &[Definition],
) -> Result<String, Error> {
    let [above, between, below] = language.frame;
    let mut assignments = Vec::new();
    for (name, value) in parameters.iter() {
        if !(language.is_name)(name) {
            return Err(Error::Name {
                name: name.to_owned(),
                language: language.name,
            });
        }
        let definition = definitions
            .iter()
            .rev()
            .find(|definition| definition.name == name);
        let assignment = (language.assign)(Assignment {
            name,
            value,
            definition,
        });
        assignments.push(assignment.map_err(|value| Error::Value {
            name: name.to_owned(),
            language: language.name,
            value,
        })?);
    }
    Ok(format!("{above}{}{below}", assignments.join(between)))
}
