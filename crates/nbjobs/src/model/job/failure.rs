//! Why a job failed, in the form that AWS's extension reads.

use std::fmt;

/// SageMaker cuts a `FailureReason` at 1024 characters.
pub const REASON_CHARS_MAX: usize = 1024;

/// A `FailureReason` as SageMaker composes it: whose fault, then what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FailureReason {
    /// What the driver left in `output/failure`, beginning with the headless driver's code such as
    /// `[SM-111] Error with executing notebook`, and its exit code.
    Algorithm {
        /// The text of the failure file.
        failure: String,
        /// The driver's exit code.
        exit_code: i32,
    },
    /// What the caller gave cannot be used: a missing input, a bucket that is gone.
    Client(String),
    /// The fault is ours or the machine's: a driver that was killed, a full disk.
    InternalServer(String),
}

const INTERNAL_SERVER: &str = "InternalServerError: ";

impl FailureReason {
    /// Whether a reason, as it is stored, is ours or the machine's fault.
    pub fn is_internal(text: &str) -> bool {
        text.starts_with(INTERNAL_SERVER)
    }
}

impl fmt::Display for FailureReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (head, body, tail) = match self {
            Self::Algorithm { failure, exit_code } => (
                "AlgorithmError: ",
                failure,
                format!(", exit code: {exit_code}"),
            ),
            Self::Client(text) => ("ClientError: ", text, String::new()),
            Self::InternalServer(text) => (INTERNAL_SERVER, text, String::new()),
        };
        let room = REASON_CHARS_MAX - head.len() - tail.len();
        let body: String = body.trim_end().chars().take(room).collect();
        write!(f, "{head}{body}{tail}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_survives_a_long_text() {
        let reason = FailureReason::Algorithm {
            failure: "[SM-111] Error with executing notebook\n".to_owned() + &"é".repeat(5000),
            exit_code: 1,
        }
        .to_string();
        assert_eq!(reason.chars().count(), REASON_CHARS_MAX);
        assert!(reason.starts_with("AlgorithmError: [SM-111] Error with executing notebook\né"));
        assert!(reason.ends_with("é, exit code: 1"));
    }
}
