//! The runs of a definition: how they ended and how long they took, as a chart to click and as a list.

use super::super::visitor::Visitor;
use super::super::{jobs as list, moment, status};
use crate::app::definitions::Definition;
use crate::model::job::Job;
use crate::model::rule::FiringStatus;
use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};

/// How many runs are listed below the chart.
const LISTED: usize = 8;
/// The chart's height and the width of a run in it, in the picture's own units.
const HEIGHT: u32 = 96;
const BAR: usize = 22;
/// A run that took no time can still be seen and clicked.
const BAR_HEIGHT_MIN: u32 = 6;

pub(super) fn section(definition: &Definition, runs: &[Job], visitor: &Visitor) -> Markup {
    let all =
        super::super::fields::Fields::default().with(&[("definition", &definition.pipeline.name)]);
    html! {
        section.card aria-labelledby="runs" {
            div.title {
                h2 #runs { "Runs" }
                @if !runs.is_empty() { a href=(format!("{}?{all}", list::PATH)) { "All runs" } }
            }
            @if runs.is_empty() { p.soft { "It has not run yet." } } @else {
                (chart(runs, visitor.now))
                div.table { table.rows {
                    caption.hidden-label { "The last runs" }
                    thead { tr { th scope="col" { "Job" } th scope="col" { "Status" } th scope="col" { "Created" } th scope="col" { "Duration" } } }
                    tbody { @for job in runs.iter().take(LISTED) { tr {
                        th scope="row" { a.name href=(super::job::path(&job.name)) { (job.name) } }
                        td { (status::badge(job.status)) }
                        td.number data-label="Created" { (moment::moment(job.created_at, visitor.now, &visitor.taste.zone)) }
                        td.number data-label="Duration" { (list::length(job, visitor.now)) }
                    } } }
                } }
            }
        }
    }
}

/// A bar for each run, the latest on the right.
fn chart(runs: &[Job], now: Timestamp) -> Markup {
    let length = |job: &Job| {
        let end = job.ended_at.unwrap_or(now);
        job.started_at
            .map_or(SignedDuration::ZERO, |start| end.duration_since(start))
            .max(SignedDuration::ZERO)
    };
    let longest = runs.iter().map(length).max().unwrap_or_default();
    let width = BAR * runs.len();
    html! {
        figure.chart {
            svg viewBox=(format!("0 0 {width} {HEIGHT}")) width=(width) height=(HEIGHT) role="group" aria-label="How long each run took, and how it ended" {
                @for (place, job) in runs.iter().rev().enumerate() {
                    @let height = bar_height(length(job), longest);
                    @let label = format!("{}: {}, {}", job.name, status::word(job.status), moment::duration(length(job)));
                    a href=(super::job::path(&job.name)) aria-label=(label) {
                        title { (label) }
                        rect.hit x=(place * BAR) y="0" width=(BAR) height=(HEIGHT) {}
                        rect data-status=(job.status.as_str()) x=(place * BAR + 3) y=(HEIGHT - height) width=(BAR - 6) height=(height) rx="3" {}
                    }
                }
            }
            figcaption.soft { "The longest took " (moment::duration(longest)) "." }
        }
    }
}

fn bar_height(length: SignedDuration, longest: SignedDuration) -> u32 {
    let share = length.as_secs_f64() / longest.as_secs_f64().max(f64::MIN_POSITIVE);
    let height = share * f64::from(HEIGHT);
    (height as u32).clamp(BAR_HEIGHT_MIN, HEIGHT)
}

/// The status of a job that has the colour of what became of a due moment.
pub(super) fn like(status: FiringStatus) -> &'static str {
    match status {
        FiringStatus::Started | FiringStatus::Late => "Completed",
        FiringStatus::Queued => "InProgress",
        FiringStatus::Skipped | FiringStatus::Replaced => "Stopping",
        FiringStatus::Missed | FiringStatus::Failed => "Failed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_long_as_runs_took() {
        let seconds = SignedDuration::from_secs;
        for (length, longest, height) in [
            (0, 0, BAR_HEIGHT_MIN),
            (0, 10, BAR_HEIGHT_MIN),
            (5, 10, HEIGHT / 2),
            (10, 10, HEIGHT),
        ] {
            assert_eq!(bar_height(seconds(length), seconds(longest)), height);
        }
    }
}
