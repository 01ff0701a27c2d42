//! Searches of jobs and pipelines. What is searched is the document that a door shows, so the door makes it.

use super::{App, Result};
use crate::model::job::Job;
use crate::model::list::Cursor;
use crate::model::pipeline::Pipeline;
use crate::model::search::Search;
use crate::model::tag::Tag;
use crate::store::{Candidate, Store};
use serde_json::Value;

/// Most candidates that are read at a time.
const BATCH: u32 = 500;
/// Most candidates that one search looks at. A page may hold less than was asked for, or nothing, and still have a next
/// one; SageMaker's paging allows that, and no search keeps the database busy for long.
const LOOKED_AT_MAX: u32 = 5000;

/// Documents that match, and where the next page begins.
pub type Found = (Vec<Value>, Option<Cursor>);

/// What can be searched.
pub trait Searched: Sized + Send {
    /// See the store's function for this kind.
    fn candidates(
        store: &Store,
        search: &Search,
        after: Option<&Cursor>,
        limit: u32,
    ) -> impl Future<Output = anyhow::Result<Vec<Candidate<Self>>>> + Send;
}

impl Searched for Job {
    async fn candidates(
        store: &Store,
        search: &Search,
        after: Option<&Cursor>,
        limit: u32,
    ) -> anyhow::Result<Vec<Candidate<Self>>> {
        store.job_candidates(search, after, limit).await
    }
}

impl Searched for Pipeline {
    async fn candidates(
        store: &Store,
        search: &Search,
        after: Option<&Cursor>,
        limit: u32,
    ) -> anyhow::Result<Vec<Candidate<Self>>> {
        store.pipeline_candidates(search, after, limit).await
    }
}

/// One page of resources that match.
pub async fn page<T: Searched>(
    app: &App,
    search: &Search,
    document: impl Fn(&T, &[Tag]) -> anyhow::Result<Value>,
) -> Result<Found> {
    let mut found = Vec::new();
    let mut looked_at = 0;
    let mut after = search.after.clone();
    // Most searches are decided by SQL, and the first batch is the page.
    let mut size = search.limit + 1;
    loop {
        let candidates = T::candidates(&app.store, search, after.as_ref(), size).await?;
        let is_last = candidates.len() < size as usize;
        looked_at += size;
        for candidate in candidates {
            if found.len() == search.limit as usize {
                return Ok((found, after));
            }
            let shown = document(&candidate.resource, &candidate.tags)?;
            let wanted = search.expression.as_ref();
            if wanted.is_none_or(|wanted| wanted.matches(&shown)) {
                found.push(shown);
            }
            after = Some(candidate.place);
        }
        if is_last {
            return Ok((found, None));
        }
        if looked_at >= LOOKED_AT_MAX {
            return Ok((found, after));
        }
        size = BATCH;
    }
}
