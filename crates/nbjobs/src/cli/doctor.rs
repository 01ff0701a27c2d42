//! `nbjobs doctor`: whether what a data folder promises holds, and what is in it that nobody needs.

use super::report::Usage;
use super::{DataDir, lock, serve, text};
use crate::backend::process::{self, is_alive};
use crate::model::finding::{Finding, Severity};
use crate::model::job::{Job, JobStatus, split_s3_uri};
use crate::objects::check::{Checked, Folder};
use crate::rundir::RunDir;
use crate::store::{self, Schema, Store};
use anyhow::{Context, bail};
use flate2::read::GzDecoder;
use serde::Serialize;
use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Options of `nbjobs doctor`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit code: 0 if nothing is wrong, 1 if something is, 2 if it was asked for wrongly."
)]
pub(super) struct Args {
    #[command(flatten)]
    data_dir: DataDir,
    /// Read every byte: the objects' digests, and whether each job's output.tar.gz can be unpacked
    #[arg(long)]
    read_data: bool,
    /// Take away what nobody needs; the service must not be running
    #[arg(long)]
    repair: bool,
    /// How to say what was found
    #[arg(long, value_enum, default_value = "text")]
    output: Output,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Output {
    Text,
    Json,
}

/// What was looked at and found.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Report {
    /// Whether a service was running meanwhile.
    running: bool,
    jobs: usize,
    objects: usize,
    bytes_read: u64,
    findings: Vec<Finding>,
}

/// Looks at a data folder.
pub(super) fn main(args: &Args) -> anyhow::Result<ExitCode> {
    let data_dir = args.data_dir.path();
    let database = data_dir.join(store::FILE);
    if !database.is_file() {
        bail!(
            "{} is no data folder: it has no {}; name another with --data-dir",
            data_dir.display(),
            store::FILE
        );
    }
    let lock = match lock::take(&data_dir) {
        Ok(lock) => Some(lock),
        Err(error) if error.is::<lock::Held>() && !args.repair => None,
        Err(error) if error.is::<lock::Held>() => {
            return Err(Usage::new(format!("--repair: {error}")).into());
        }
        Err(error) => return Err(error),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let report = runtime.block_on(examine(args, &data_dir, lock.is_none()))?;
    let out = &mut io::stdout().lock();
    match args.output {
        Output::Json => text::json(out, &serde_json::to_value(&report)?)?,
        Output::Text => tell(out, &report)?,
    }
    let is_wrong = |finding: &Finding| finding.severity == Severity::Wrong && !finding.repaired;
    Ok(ExitCode::from(u8::from(
        report.findings.iter().any(is_wrong),
    )))
}

async fn examine(args: &Args, data_dir: &Path, running: bool) -> anyhow::Result<Report> {
    let database = data_dir.join(store::FILE);
    let store = Store::open_existing(&database).await?;
    let mut report = Report {
        running,
        jobs: 0,
        objects: 0,
        bytes_read: 0,
        findings: store
            .check_file()
            .await
            .with_context(|| format!("cannot read {}", database.display()))?,
    };
    match store.schema().await? {
        Schema::Current => {}
        Schema::Older => bail!(
            "an older nbjobs wrote {}; start the service once to bring it up to date",
            database.display()
        ),
        Schema::Newer => bail!("a newer nbjobs wrote {}; use that one", database.display()),
    }
    report.findings.extend(store.check_rows().await?);
    let folder = Folder::new(&data_dir.join("objects"));
    // Rows before objects: what a row names was there before it.
    check_jobs(&store, &folder, args.read_data, &mut report).await?;
    check_objects(&folder, args, &mut report).await?;
    check_runs(&store, &data_dir.join("runs"), args.repair, &mut report).await?;
    if !running {
        check_endpoint(data_dir, args.repair, &mut report)?;
    }
    store.close().await;
    Ok(report)
}

async fn check_jobs(
    store: &Store,
    folder: &Folder,
    read_data: bool,
    report: &mut Report,
) -> anyhow::Result<()> {
    let mut after = String::new();
    loop {
        let page = store.jobs_to_check(&after).await?;
        let Some((last, _)) = page.last() else {
            return Ok(());
        };
        after.clone_from(last);
        for (name, job) in page {
            report.jobs += 1;
            let problem = match job {
                Ok(job) => output_problem(folder, &job, read_data).err(),
                Err(error) => Some(format!("its row cannot be read: {error:#}")),
            };
            if let Some(problem) = problem {
                report.findings.push(Finding::wrong("job", name, problem));
            }
        }
    }
}

/// A job that is `Completed` has its output, and it can be unpacked.
fn output_problem(folder: &Folder, job: &Job, read_data: bool) -> Result<(), String> {
    if job.status != JobStatus::Completed {
        return Ok(());
    }
    let uri = job.artifact_uri();
    let (bucket, key) = split_s3_uri(&uri)?;
    let told = |error: io::Error| format!("its output {uri} cannot be read: {error}");
    match folder.open(bucket, key).map_err(told)? {
        None => Err(format!(
            "it is Completed but its output {uri} is not there: deleted by somebody, or lost"
        )),
        Some(bytes) if read_data => unpack(bytes).map_err(told),
        Some(_) => Ok(()),
    }
}

fn unpack(bytes: impl Read) -> io::Result<()> {
    let mut archive = tar::Archive::new(GzDecoder::new(bytes));
    for entry in archive.entries()? {
        io::copy(&mut entry?, &mut io::sink())?;
    }
    // Behind the archive's end is the checksum of gzip.
    io::copy(&mut archive.into_inner(), &mut io::sink()).map(drop)
}

async fn check_objects(folder: &Folder, args: &Args, report: &mut Report) -> anyhow::Result<()> {
    let mut checked: Checked = folder.check(report.running, args.read_data)?;
    if args.repair {
        folder.repair(&mut checked).await?;
    }
    report.objects = checked.objects;
    report.bytes_read = checked.bytes;
    report.findings.append(&mut checked.findings);
    Ok(())
}

/// Every process of a run, and every folder of one, is of a job that has not ended.
async fn check_runs(
    store: &Store,
    runs: &Path,
    repair: bool,
    report: &mut Report,
) -> anyhow::Result<()> {
    let Ok(runs) = runs.canonicalize() else {
        return Ok(()); // no run yet
    };
    for (process, run) in process::of_runs(&runs)? {
        // Asked in this order: a run's processes are gone before its job has ended.
        if !has_ended(store, &run).await? || !is_alive(process) {
            continue;
        }
        let problem = format!("process {} runs although its job has ended", process.pid);
        let mut finding = Finding::wrong("process", run.display().to_string(), problem);
        if repair {
            process::kill_run(None, &run).await?;
            finding.repaired = true;
        }
        report.findings.push(finding);
    }
    if report.running {
        return Ok(()); // the service takes them away
    }
    for entry in fs::read_dir(&runs)? {
        let run = entry?.path();
        if !has_ended(store, &run).await? {
            continue;
        }
        let problem = "its job has ended; the next start takes it away";
        let mut finding = Finding::litter("run", run.display().to_string(), problem);
        if repair {
            RunDir::new(run).remove()?;
            finding.repaired = true;
        }
        report.findings.push(finding);
    }
    Ok(())
}

/// Whether the job of a run's folder has ended, or was never there.
async fn has_ended(store: &Store, run: &Path) -> anyhow::Result<bool> {
    let job = run.file_stem().unwrap_or_default().to_string_lossy();
    let job = store.job(&job).await?;
    Ok(job.is_none_or(|job| job.status.is_final()))
}

/// No service runs, so none is told of.
fn check_endpoint(data_dir: &Path, repair: bool, report: &mut Report) -> anyhow::Result<()> {
    let file: PathBuf = data_dir.join(serve::ENDPOINT_FILE);
    if !file.exists() {
        return Ok(());
    }
    let problem = "it names a service that does not run";
    let mut finding = Finding::litter("endpoint", file.display().to_string(), problem);
    if repair {
        fs::remove_file(&file)?;
        finding.repaired = true;
    }
    report.findings.push(finding);
    Ok(())
}

fn tell(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    for finding in &report.findings {
        let severity = match (finding.repaired, finding.severity) {
            (true, _) => "repaired",
            (false, Severity::Wrong) => "wrong",
            (false, Severity::Litter) => "litter",
        };
        writeln!(
            out,
            "{severity}: {} {}: {}",
            finding.check,
            text::one_line(&finding.subject),
            text::one_line(&finding.problem)
        )?;
    }
    let count = |severity| {
        let findings = report.findings.iter();
        findings
            .filter(|finding| finding.severity == severity && !finding.repaired)
            .count()
    };
    writeln!(
        out,
        "{} jobs, {} objects, {} bytes read: {} wrong, {} litter, {} repaired",
        report.jobs,
        report.objects,
        report.bytes_read,
        count(Severity::Wrong),
        count(Severity::Litter),
        report
            .findings
            .iter()
            .filter(|finding| finding.repaired)
            .count(),
    )
}
