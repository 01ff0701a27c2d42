//! `/scheduler/batch/jobs`: several jobs at once. All of them are deleted, or none.

use super::error::Refusal;
use super::query::Query;
use super::{Answer, nothing};
use crate::app::{App, notebook_jobs};

pub(super) async fn delete_jobs(app: &App, query: &Query) -> Answer {
    let mut names: Vec<String> = query.all("job_id").map(str::to_owned).collect();
    if names.is_empty() {
        return Err(Refusal::invalid("name the jobs with job_id".into()));
    }
    names.sort();
    names.dedup();
    notebook_jobs::delete(app, &names).await?;
    nothing()
}
