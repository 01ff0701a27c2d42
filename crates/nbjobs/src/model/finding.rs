//! What `nbjobs doctor` finds. Pure.

use serde::Serialize;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Something promised does not hold: a row whose bytes are missing, a file that cannot be read.
    Wrong,
    /// Something that nobody needs; taking it away loses nothing.
    Litter,
}

/// One thing that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was checked: `database`, `job`, `object`, …
    pub check: &'static str,
    /// The thing: a name, a path, an S3 location.
    pub subject: String,
    /// What is wrong with it.
    pub problem: String,
    /// How bad it is.
    pub severity: Severity,
    /// Whether it was put right.
    pub repaired: bool,
}

impl Finding {
    /// Something promised that does not hold.
    pub fn wrong(
        check: &'static str,
        subject: impl Into<String>,
        problem: impl Into<String>,
    ) -> Self {
        Self {
            check,
            subject: subject.into(),
            problem: problem.into(),
            severity: Severity::Wrong,
            repaired: false,
        }
    }

    /// Something that nobody needs.
    pub fn litter(
        check: &'static str,
        subject: impl Into<String>,
        problem: impl Into<String>,
    ) -> Self {
        Self {
            severity: Severity::Litter,
            ..Self::wrong(check, subject, problem)
        }
    }
}
