//! The options that `job create` and `definition create` share.

use super::Files;
use crate::cli::client::Client;
use crate::cli::report::Usage;
use crate::model::job::is_parameter_name;
use crate::model::notebook_job::NotebookJob;
use crate::model::tag::{self, Tag};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The extension's default: two days.
const MAX_RUNTIME_S: u64 = 172_800;

/// Values for a notebook's parameters, on the command line.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Parameters {
    /// A parameter of the notebook and its value; may be given many times
    #[arg(short = 'p', long = "parameter", num_args = 2, value_names = ["NAME", "VALUE"], allow_hyphen_values = true)]
    parameters: Vec<String>,
}

/// How a notebook is to run, on the command line.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// The notebook: an .ipynb file; a copy of it is what runs
    notebook: PathBuf,
    /// The name that lists show [default: the notebook's file name]
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    parameters: Parameters,
    /// An environment variable for the notebook; may be given many times
    #[arg(long, value_name = "NAME=VALUE", value_parser = environment_variable)]
    env: Vec<(String, String)>,
    /// The kernel [default: the one that the notebook names]
    #[arg(long, default_value = "", hide_default_value = true)]
    kernel: String,
    /// A shell script that runs before the notebook; what it exports, the notebook sees
    #[arg(long, value_name = "FILE")]
    init_script: Option<PathBuf>,
    /// Take the whole folder of the notebook along, without hidden files
    #[arg(long)]
    input_folder: bool,
    /// The container image [default: the one that Studio takes]
    #[arg(long, value_name = "URI")]
    image: Option<String>,
    /// The kind of machine
    #[arg(long, value_name = "TYPE", default_value = "ml.m5.large")]
    instance_type: String,
    /// The role to run as [default: the account's SagemakerJupyterSchedulerRole]
    #[arg(long, value_name = "ARN")]
    role: Option<String>,
    /// Stop the run after so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = MAX_RUNTIME_S, value_parser = clap::value_parser!(u64).range(1..))]
    max_runtime: u64,
    /// Run without a network: the notebook sees only its own loopback
    #[arg(long)]
    network_isolation: bool,
    /// More formats of the executed notebook, such as html, separated by commas
    #[arg(
        long,
        value_name = "FORMATS",
        default_value = "",
        hide_default_value = true
    )]
    output_formats: String,
    /// A tag; may be given many times
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    tag: Vec<(String, String)>,
}

impl Parameters {
    /// The values by name.
    pub fn values(&self) -> anyhow::Result<BTreeMap<String, String>> {
        parameters(&self.parameters)
    }
}

impl Options {
    /// Checks what can be known here, reads the files and says what is to be sent where.
    pub fn prepare(self, client: &Client) -> anyhow::Result<(NotebookJob, Files)> {
        let parameters = self.parameters.values()?;
        let tags = tags(self.tag)?;
        let files = Files::gather(
            &self.notebook,
            self.init_script.as_deref(),
            self.input_folder,
        )?;
        let account = client.account()?;
        let region = client.region();
        let default_name = || files.notebook().to_owned();
        let job = NotebookJob {
            name: self.name.unwrap_or_else(default_name),
            notebook: files.notebook().to_owned(),
            parameters,
            environment: self.env.into_iter().collect(),
            kernel: self.kernel,
            init_script: files.init_script().map(str::to_owned),
            package_input_folder: self.input_folder,
            image: self.image,
            instance_type: self.instance_type,
            role_arn: self.role.unwrap_or_else(|| {
                format!("arn:aws:iam::{account}:role/SagemakerJupyterSchedulerRole")
            }),
            max_runtime_s: self.max_runtime,
            network_isolation: self.network_isolation,
            output_formats: self.output_formats,
            tags,
            region: region.to_owned(),
            bucket: format!("sagemaker-automated-execution-{account}-{region}"),
        };
        Ok((job, files))
    }
}

/// Names and values in turn, as `-p NAME VALUE` leaves them.
fn parameters(words: &[String]) -> anyhow::Result<BTreeMap<String, String>> {
    let mut all = BTreeMap::new();
    for pair in words.chunks(2) {
        let [name, value] = pair else {
            return Err(Usage::new("-p needs a name and a value").into());
        };
        if !is_parameter_name(name) {
            return Err(Usage::new(format!(
                "'{name}' cannot be a parameter: its name has letters, digits, _ and ., and does not begin with a digit"
            ))
            .into());
        }
        if all.insert(name.clone(), value.clone()).is_some() {
            return Err(Usage::new(format!("the parameter '{name}' is given twice")).into());
        }
    }
    Ok(all)
}

/// `KEY=VALUE`; the value may be empty and may contain `=`.
fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("it must look like KEY=VALUE".into()),
    }
}

/// A pair whose name is free for the user: those that begin with `SM_` tell the service how to run the notebook.
fn environment_variable(text: &str) -> Result<(String, String), String> {
    let (name, value) = pair(text)?;
    if !is_identifier(&name) {
        return Err(format!(
            "'{name}' cannot be an environment variable: its name has letters, digits and _, and does not begin with \
             a digit"
        ));
    }
    if name.starts_with("SM_") {
        return Err(format!(
            "{name} begins with SM_, which the service keeps for itself"
        ));
    }
    Ok((name, value))
}

fn tags(pairs: Vec<(String, String)>) -> anyhow::Result<Vec<Tag>> {
    let tags: Vec<Tag> = pairs
        .into_iter()
        .map(|(key, value)| Tag { key, value })
        .collect();
    tag::validate(&tags).map_err(Usage::new)?;
    match tags.iter().find(|tag| tag.key.starts_with("sagemaker:")) {
        Some(tag) => Err(Usage::new(format!(
            "the tag {} begins with sagemaker:, which the service sets",
            tag.key
        ))
        .into()),
        None => Ok(tags),
    }
}

fn is_identifier(text: &str) -> bool {
    let first_fits = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    first_fits && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        options: Options,
    }

    fn parse(words: &[&str]) -> Result<Options, clap::Error> {
        Command::try_parse_from([&["nbjobs", "n.ipynb"], words].concat())
            .map(|command| command.options)
    }

    #[test]
    fn parameters_come_in_pairs_and_may_look_like_options() {
        let options = parse(&[
            "-p", "alpha", "-0.5", "-p", "who", "--x", "--env", "A=b=c", "--tag", "k=",
        ])
        .expect("options");
        let values = options.parameters.values().expect("values");
        let want = [("alpha", "-0.5"), ("who", "--x")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        assert_eq!(values, want.into());
        assert_eq!(options.env, [("A".to_owned(), "b=c".to_owned())]);
        assert_eq!(options.tag, [("k".to_owned(), String::new())]);
    }

    #[test]
    fn what_cannot_be_right_is_refused_by_name() {
        for words in [
            &["-p", "alpha"][..],
            &["--env", "A"],
            &["--env", "1A=x"],
            &["--env", "SM_KERNEL_NAME=x"],
            &["--env", "=x"],
            &["--tag", "=x"],
            &["--max-runtime", "0"],
        ] {
            assert!(parse(words).is_err(), "{words:?}");
        }
        for (words, name) in [
            (&["a b", "1"][..], "'a b'"),
            (&["", "1"], "''"),
            (&["x", "1", "x", "2"], "'x'"),
        ] {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            let error = parameters(&words).expect_err(name).to_string();
            assert!(error.contains(name), "{error}");
        }
        for key in ["sagemaker:name", "aws:x"] {
            assert!(
                tags(vec![(key.to_owned(), String::new())]).is_err(),
                "{key}"
            );
        }
    }
}
