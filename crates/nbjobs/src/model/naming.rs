//! How AWS's notebook extension, its driver and its pipelines name things: jobs, definitions, steps, output notebooks.
//! Randomness and the time are arguments.

use super::arn::Scope;
use jiff::Timestamp;
use jiff::civil::DateTime;
use serde_json::{Value, json};

/// Longest `TrainingJobName`, in characters (SageMaker's service model).
pub const JOB_NAME_LEN_MAX: usize = 63;
/// Longest `PipelineName`, in characters (SageMaker's service model).
pub const PIPELINE_NAME_LEN_MAX: usize = 256;
/// Longest `PipelineExecutionName` (a display name), in characters (SageMaker's service model).
pub const EXECUTION_NAME_LEN_MAX: usize = 82;
/// Longest `StepName`, in characters (SageMaker's service model).
pub const STEP_NAME_LEN_MAX: usize = 64;
/// Longest name of a rule or of a target's id, in characters (EventBridge's service model).
pub const RULE_NAME_LEN_MAX: usize = 64;

/// How many characters of a step's name a job launched by a pipeline carries.
const STEP_PREFIX_LEN: usize = 20;
const EXECUTION_ID_LEN: usize = 12;
const TOKEN_LEN: usize = 10;

/// The bucket that AWS's extension keeps snapshots and outputs in.
pub fn default_bucket(scope: &Scope) -> String {
    format!(
        "sagemaker-automated-execution-{}-{}",
        scope.account, scope.region
    )
}

/// Whether `text` is a name of SageMaker's kind, `[a-zA-Z0-9](-*[a-zA-Z0-9])*` of at most `len_max` characters:
/// letters, digits and hyphens, with no hyphen at either end.
pub fn is_resource_name(text: &str, len_max: usize) -> bool {
    let bytes = text.as_bytes();
    let ends = bytes.first().zip(bytes.last());
    let ends_fit = ends
        .is_some_and(|(first, last)| first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric());
    ends_fit
        && bytes.len() <= len_max
        && bytes
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || *b == b'-')
}

/// Whether `text` is a step's name: 1 to [`STEP_NAME_LEN_MAX`] of `[A-Za-z0-9_-]`.
pub fn is_step_name(text: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    (1..=STEP_NAME_LEN_MAX).contains(&text.len()) && text.bytes().all(fits)
}

/// Whether `text` names a rule or a target: 1 to [`RULE_NAME_LEN_MAX`] of `[.A-Za-z0-9_-]`.
pub fn is_rule_name(text: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    (1..=RULE_NAME_LEN_MAX).contains(&text.len()) && text.bytes().all(fits)
}

/// The ASCII letters and digits of `text`, at most `len_max` of them, as AWS's extension shortens names.
pub fn sanitize(text: &str, len_max: usize) -> String {
    text.chars()
        .filter(char::is_ascii_alphanumeric)
        .take(len_max)
        .collect()
}

/// The id of an on-demand job or of a job definition (its pipeline and its rule), as AWS's extension makes them:
/// `dailyreport-report-b2bf595a-2026-11-23-11-21-27`. `stem` is the notebook's file name without `.ipynb`, `now` the
/// caller's local time, `random` a fresh uuid's bytes.
pub fn definition_id(name: &str, stem: &str, random: [u8; 16], now: DateTime) -> String {
    let unique = hex::encode(&random[..4]);
    format!(
        "{}-{}-{unique}-{}",
        sanitize(name, 17),
        sanitize(stem, 16),
        now.strftime("%Y-%m-%d-%H-%M-%S")
    )
}

/// `SM_OUTPUT_NOTEBOOK_NAME` of an on-demand job: `dailyrepor-report-2026-11-23T11:21:30.341Z-.ipynb`.
pub fn output_notebook(name: &str, stem: &str, now: Timestamp) -> String {
    format!("{}-{}-.ipynb", step_name(name, stem), date_time(now))
}

/// `SM_OUTPUT_NOTEBOOK_NAME` in a job definition: the same name, with the execution's start time to be filled in.
pub fn output_notebook_of_definition(name: &str, stem: &str) -> Value {
    let start = json!({"Get": "Execution.StartDateTime"});
    json!({"Std:Join": {"On": "-", "Values": [sanitize(name, 10), sanitize(stem, 10), start, ".ipynb"]}})
}

/// The name of a job definition's one step: `dailyrepor-report`.
pub fn step_name(name: &str, stem: &str) -> String {
    format!("{}-{}", sanitize(name, 10), sanitize(stem, 10))
}

/// A moment as pipelines render it (`Execution.StartDateTime`): `2022-12-25T15:23:04.640Z`.
pub fn date_time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

/// The file that AWS's driver writes for an `SM_OUTPUT_NOTEBOOK_NAME`: `.` and `:` become `-`, then the hyphens before
/// the final `ipynb` become one `.`. `report-2022-12-25T15:23:04.640Z-.ipynb` is `report-2022-12-25T15-23-04-640Z.ipynb`.
pub fn output_file(output_notebook: &str) -> String {
    let dashed = output_notebook.replace(['.', ':'], "-");
    match dashed.strip_suffix("ipynb") {
        Some(stem) => format!("{}.ipynb", stem.trim_end_matches('-')),
        None => dashed,
    }
}

/// A pipeline execution's id from a fresh uuid's bytes: 12 of `[a-z0-9]`, as SageMaker's.
pub fn execution_id(random: [u8; 16]) -> String {
    random_text(
        random,
        b"abcdefghijklmnopqrstuvwxyz0123456789",
        EXECUTION_ID_LEN,
    )
}

/// The name of a job that a pipeline launches: `pipelines-kbexktydy93v-dailyrepor-report-aRjXdJ39fV`. A step whose
/// arguments have a `TrainingJobName` puts it in front instead, shortened to fit: `prep-job-kbexktydy93v-aRjXdJ39fV`.
pub fn launched_job(
    execution_id: &str,
    step: &str,
    own_prefix: Option<&str>,
    random: [u8; 16],
) -> String {
    let alphabet = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    let token = random_text(random, alphabet, TOKEN_LEN);
    match own_prefix {
        Some(prefix) => {
            let room = JOB_NAME_LEN_MAX - EXECUTION_ID_LEN - TOKEN_LEN - 2;
            format!(
                "{}-{execution_id}-{token}",
                prefix.chars().take(room).collect::<String>()
            )
        }
        None => {
            let step: String = step
                .chars()
                .take(STEP_PREFIX_LEN)
                .map(|c| if c == '_' { '-' } else { c })
                .collect();
            format!("pipelines-{execution_id}-{step}-{token}")
        }
    }
}

/// The low 62 bits of a uuid are all random (RFC 9562 fixes others), enough for 12 of 36 or 10 of 62 characters.
fn random_text(random: [u8; 16], alphabet: &[u8], len: usize) -> String {
    let size = alphabet.len() as u64;
    let mut rest = u128::from_be_bytes(random) as u64 & (u64::MAX >> 2);
    let mut text = String::with_capacity(len);
    for _ in 0..len {
        text.push(char::from(alphabet[(rest % size) as usize]));
        rest /= size;
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RANDOM: [u8; 16] = *b"\xb2\xbf\x59\x5a-4uuid-bytes";

    #[test]
    fn names_are_those_of_the_extension() {
        let now: DateTime = "2026-11-23T11:21:27".parse().unwrap();
        let id = definition_id("qiita-sample.ipynb", "qiita-sample", RANDOM, now);
        assert_eq!(
            id,
            "qiitasampleipynb-qiitasample-b2bf595a-2026-11-23-11-21-27"
        );
        assert!(id.len() <= JOB_NAME_LEN_MAX && is_resource_name(&id, JOB_NAME_LEN_MAX));
        let at: Timestamp = "2026-11-23T11:21:30.341999Z".parse().unwrap();
        let output = output_notebook("qiita-sample.ipynb", "qiita-sample", at);
        assert_eq!(
            output,
            "qiitasampl-qiitasampl-2026-11-23T11:21:30.341Z-.ipynb"
        );
        assert_eq!(
            step_name("qiita sample", "qiita-sample"),
            "qiitasampl-qiitasampl"
        );
        let of_definition = output_notebook_of_definition("qiita sample", "qiita-sample");
        let recorded = json!({"Std:Join": {"On": "-", "Values":
            ["qiitasampl", "qiitasampl", {"Get": "Execution.StartDateTime"}, ".ipynb"]}});
        assert_eq!(of_definition, recorded);
    }

    #[test]
    fn the_driver_writes_the_output_under_a_plain_file_name() {
        let table = [
            (
                "qiitasampl-2022-12-25T15:23:04.640Z-.ipynb",
                "qiitasampl-2022-12-25T15-23-04-640Z.ipynb",
            ),
            ("report.ipynb", "report.ipynb"),
            ("v1.2.ipynb", "v1-2.ipynb"),
            ("report.txt", "report-txt"),
            (".ipynb", ".ipynb"),
            ("", ""),
        ];
        for (name, file) in table {
            assert_eq!(output_file(name), file, "{name}");
        }
    }

    #[test]
    fn a_launched_job_names_its_execution_and_step() {
        let id = execution_id(RANDOM);
        let job = launched_job(&id, "qiitasampl-qiitasampl", None, RANDOM);
        assert!(
            job.starts_with(&format!("pipelines-{id}-qiitasampl-qiitasamp-")),
            "{job}"
        );
        assert_eq!(job.len(), 54);
        let own = launched_job(&id, "prep", Some("prep-job"), RANDOM);
        assert!(own.starts_with(&format!("prep-job-{id}-")), "{own}");
    }

    proptest! {
        #[test]
        fn random_names_are_lawful(random: [u8; 16], step in "[A-Za-z0-9_-]{1,64}", prefix in "[a-z](-?[a-z]){0,62}") {
            let id = execution_id(random);
            prop_assert!(id.len() == 12 && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()));
            for job in [launched_job(&id, &step, None, random), launched_job(&id, &step, Some(&prefix), random)] {
                prop_assert!(is_resource_name(&job, JOB_NAME_LEN_MAX), "{}", job);
            }
            prop_assert!(is_step_name(&step));
        }
    }
}
