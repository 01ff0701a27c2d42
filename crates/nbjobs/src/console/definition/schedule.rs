//! The form that gives a definition another schedule.

use super::super::failure::Failure;
use super::super::visitor::{Change, Visitor};
use super::super::{Ground, definitions as list, layout};
use super::{done, find, path};
use crate::app::Error;
use crate::app::definitions::{self, Definition, Update};
use crate::model::schedule::from_unix;
use axum::body::Body;
use axum::extract::{Path, State};
use http::Response;
use maud::html;

/// The form.
pub(in super::super) async fn page(
    State(ground): State<Ground>,
    Path(id): Path<String>,
    visitor: Visitor,
) -> Result<Response<Body>, Failure> {
    let definition = find(&ground.app, &id).await?;
    let when = definition.timer.as_ref().map(|timer| &timer.when);
    let expression = when.map_or("", |when| &when.expression);
    let own = visitor.taste.zone.iana_name().unwrap_or("UTC").to_owned();
    let timezone = when.map_or(own.as_str(), |when| &when.timezone);
    Ok(form(&visitor, &definition, expression, timezone, None))
}

/// Sets it.
pub(in super::super) async fn change(
    State(ground): State<Ground>,
    Path(id): Path<String>,
    change: Change,
) -> Result<Response<Body>, Failure> {
    let definition = find(&ground.app, &id).await?;
    let Change { visitor, fields } = change;
    let [expression, timezone] =
        ["expression", "timezone"].map(|name| fields.get(name).unwrap_or_default());
    let update = Update {
        expression: Some(expression.to_owned()),
        timezone: Some(timezone.to_owned()),
        ..Update::default()
    };
    let made = match from_unix(expression) {
        Ok(right) => Err(Error::Invalid(format!(
            "This is a line of Unix's cron; EventBridge's has six fields: {right}"
        ))),
        Err(_) => definitions::update(&ground.app, &id, &update).await,
    };
    match made {
        Ok(()) => Ok(done(&path(&id), "It has another schedule now.")),
        Err(Error::Invalid(problem)) => Ok(form(
            &visitor,
            &definition,
            expression,
            timezone,
            Some(&problem),
        )),
        Err(error) => Err(error.into()),
    }
}

fn form(
    visitor: &Visitor,
    definition: &Definition,
    expression: &str,
    timezone: &str,
    problem: Option<&str>,
) -> Response<Body> {
    let here = path(&definition.pipeline.name);
    let invalid = problem.map(|_| "true");
    let body = html! {
        p { a href=(list::PATH) { "Definitions" } " / " a href=(here) { (definition.pipeline.name) } " / " span.soft { "Schedule" } }
        h1 { "When " (list::name(definition)) " runs" }
        form.card.narrow method="post" action=(format!("{here}/schedule")) {
            (layout::token(visitor))
            label for="expression" { "Schedule" }
            input.mono #expression name="expression" value=(expression) required spellcheck="false" autocomplete="off"
                placeholder="cron(0 9 ? * MON-FRI *)" aria-describedby="problem forms" aria-invalid=[invalid];
            label for="timezone" { "Time zone" }
            input #timezone name="timezone" value=(timezone) required spellcheck="false" autocomplete="off" placeholder="Europe/Berlin"
                aria-invalid=[invalid];
            @if let Some(problem) = problem { p.problem #problem role="alert" { (problem) } }
            p.hint #forms {
                "EventBridge's forms: " code { "cron(minutes hours day-of-month month day-of-week year)" } ", "
                code { "rate(5 minutes)" } ", and in other time zones than UTC " code { "at(2027-01-31T09:00:00)" } "."
            }
            div.bulk { button.primary type="submit" { "Set the schedule" } a.button.quiet href=(here) { "Cancel" } }
        }
    };
    layout::page(visitor, "Schedule", list::PATH, &body)
}
