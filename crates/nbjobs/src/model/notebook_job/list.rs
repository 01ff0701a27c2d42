//! Lists of notebook jobs and of their definitions, as jupyter-scheduler asks for them: pages by offset, filters that
//! all must hold, any order.

use super::super::job::JobStatus;
use jiff::Timestamp;

/// Which jobs, in which order, and which page of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JobsQuery {
    /// The id of the definition that they came from.
    pub definition: Option<String>,
    /// Their status.
    pub status: Option<JobStatus>,
    /// How their names begin, whatever the case of ASCII letters.
    pub name_prefix: Option<String>,
    /// Tags that each of them has, by key and value.
    pub tags: Vec<(String, String)>,
    /// They started then or later.
    pub started_from: Option<Timestamp>,
    /// Most important first; then the newest.
    pub sort: Vec<(JobColumn, Direction)>,
    /// Which part of it.
    pub page: Page,
}

/// What jobs are sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum JobColumn {
    Id,
    Name,
    InputFilename,
    CreateTime,
    UpdateTime,
    StartTime,
    EndTime,
    Status,
}

/// Which definitions, in which order, and which page of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DefinitionsQuery {
    /// The definition of this id.
    pub id: Option<String>,
    /// How their names begin, whatever the case of ASCII letters.
    pub name_prefix: Option<String>,
    /// Tags that each of them has, by key and value.
    pub tags: Vec<(String, String)>,
    /// They were created then or later.
    pub created_from: Option<Timestamp>,
    /// Most important first; then the newest.
    pub sort: Vec<(DefinitionColumn, Direction)>,
    /// Which part of it.
    pub page: Page,
}

/// What definitions are sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum DefinitionColumn {
    Id,
    Name,
    InputFilename,
    CreateTime,
    UpdateTime,
}

/// Up or down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The smallest first.
    Ascending,
    /// The largest first.
    Descending,
}

/// A part of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// How many items are before it.
    pub offset: u32,
    /// How many items it has at most.
    pub limit: u32,
}
