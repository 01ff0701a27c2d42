//! Runs a job again, with the same parameters or others.

use super::failure::Failure;
use super::fields::Fields;
use super::visitor::{Change, Visitor};
use super::{Ground, job, jobs as list, layout};
use crate::app::{Error, jobs};
use crate::model::job::Job;
use axum::body::Body;
use axum::extract::{Path, State};
use http::Response;
use maud::html;

/// The form.
pub(super) async fn page(
    State(ground): State<Ground>,
    Path(name): Path<String>,
    visitor: Visitor,
) -> Result<Response<Body>, Failure> {
    let job = job::find(&ground.app, &name).await?;
    let parameters: Vec<(String, String)> = job.spec.hyper_parameters.clone().into_iter().collect();
    Ok(form(
        &visitor,
        &job,
        &free_name(&job.name),
        &parameters,
        None,
    ))
}

/// Runs it once more, with the same or other parameters.
pub(super) async fn run(
    State(ground): State<Ground>,
    Path(name): Path<String>,
    change: Change,
) -> Result<Response<Body>, Failure> {
    let job = job::find(&ground.app, &name).await?;
    let Change { visitor, fields } = change;
    let new_name = fields.get("name").unwrap_or_default();
    let parameters = parameters(&fields);
    let given = parameters
        .iter()
        .filter(|(name, _)| !name.is_empty())
        .cloned();
    match jobs::run_again(&ground.app, &job, new_name, given.collect()).await {
        Ok(job) => Ok(layout::redirect(&job::path(&job.name))),
        Err(error @ (Error::Invalid(_) | Error::Exists(_))) => Ok(form(
            &visitor,
            &job,
            new_name,
            &parameters,
            Some(&error.to_string()),
        )),
        Err(error) => Err(error.into()),
    }
}

fn parameters(fields: &Fields) -> Vec<(String, String)> {
    let names = fields.all("parameter").map(|name| name.trim().to_owned());
    names.zip(fields.all("value").map(str::to_owned)).collect()
}

/// A free name for a repetition: the first one's with a fresh end.
fn free_name(name: &str) -> String {
    let first = name.rsplit_once("-again-").map_or(name, |(first, _)| first);
    let random = uuid::Uuid::new_v4().simple().to_string();
    let first: String = first.chars().take(48).collect();
    format!("{}-again-{}", first.trim_end_matches('-'), &random[..6])
}

fn form(
    visitor: &Visitor,
    job: &Job,
    name: &str,
    parameters: &[(String, String)],
    problem: Option<&str>,
) -> Response<Body> {
    // Room for more than there are.
    let empty = (String::new(), String::new());
    let rows = parameters
        .iter()
        .filter(|(name, _)| !name.is_empty())
        .chain(std::iter::repeat_n(&empty, 2));
    let body = html! {
        p { a href=(list::PATH) { "Jobs" } " / " a href=(job::path(&job.name)) { (job.name) } " / " span.soft { "Run again" } }
        h1 { "Run " (list::notebook(job)) " again" }
        form.card.again method="post" action=(format!("{}/run-again", job::path(&job.name))) {
            (layout::token(visitor))
            label for="name" { "Name of the new job" }
            input #name name="name" value=(name) required spellcheck="false" aria-describedby=[problem.map(|_| "problem")]
                aria-invalid=[problem.map(|_| "true")];
            @if let Some(problem) = problem { p.problem #problem role="alert" { (problem) } }
            h2 { "Parameters" }
            p.hint { "A row without a name is left out; a parameter that is left out keeps the notebook's own value." }
            @for (row, (name, value)) in rows.enumerate() {
                div.pair {
                    input name="parameter" value=(name) placeholder="Name" aria-label=(format!("Name of parameter {}", row + 1)) spellcheck="false";
                    input name="value" value=(value) placeholder="Value" aria-label=(format!("Value of parameter {}", row + 1)) spellcheck="false";
                }
            }
            div.bulk { button.primary type="submit" { "Run" } a.button.quiet href=(job::path(&job.name)) { "Cancel" } }
        }
    };
    layout::page(visitor, "Run again", list::PATH, &body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::naming::{JOB_NAME_LEN_MAX, is_resource_name};

    #[test]
    fn names_of_repetitions_are_lawful_and_do_not_grow() {
        let long = format!("{}-{}", "a".repeat(47), "b".repeat(15));
        for name in ["x", &long] {
            let again = free_name(name);
            assert!(is_resource_name(&again, JOB_NAME_LEN_MAX), "{again}");
            assert_eq!(free_name(&again).len(), again.len());
        }
    }
}
