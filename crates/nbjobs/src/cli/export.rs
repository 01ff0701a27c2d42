//! `nbjobs export`: a notebook as a web page, Markdown or a script, with nbconvert's words.

use anyhow::{Context, bail};
use clap::ValueEnum;
use notebook::Notebook;
use notebook::export::{self, Options};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

/// Options of `nbjobs export`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The notebook; `-` reads it from standard input
    notebook: PathBuf,
    /// What to make of it
    #[arg(long, value_name = "FORMAT")]
    to: Format,
    /// Where to write it; `-` is standard output [default: beside the notebook]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Write it to standard output
    #[arg(long, conflicts_with = "output")]
    stdout: bool,
    /// Leave the code out
    #[arg(long)]
    no_input: bool,
    /// The page's title [default: the notebook's own, else its file name]
    #[arg(long)]
    title: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One self-contained page
    Html,
    /// Text with its images in a folder beside it
    #[value(alias = "md")]
    Markdown,
    /// A Python script
    #[value(alias = "py")]
    Python,
    /// A script in the notebook's language
    Script,
}

/// Writes the notebook in the other form.
pub(super) fn main(args: Args) -> anyhow::Result<()> {
    let source = Path::new(&args.notebook);
    let stdin = source == Path::new("-");
    let bytes = if stdin {
        let mut bytes = Vec::new();
        std::io::stdin()
            .read_to_end(&mut bytes)
            .context("cannot read standard input")?;
        bytes
    } else {
        std::fs::read(source).with_context(|| format!("cannot read {}", source.display()))?
    };
    let notebook = Notebook::from_slice(&bytes)
        .with_context(|| format!("cannot export {}", source.display()))?;
    let to_stdout = args.stdout
        || args
            .output
            .as_deref()
            .map_or(stdin, |output| output == Path::new("-"));
    let options = Options {
        title: args.title.or_else(|| title(&notebook, source, stdin)),
        no_input: args.no_input,
        embed_images: to_stdout,
    };
    let target = |extension: &str| match &args.output {
        Some(output) => output.clone(),
        None => source.with_extension(extension),
    };
    let (target, text, files) = match args.to {
        Format::Html => (
            target("html"),
            export::html(&notebook, &options),
            Vec::new(),
        ),
        Format::Markdown => {
            let target = target("md");
            let folder = images_folder(&target);
            let name = folder
                .file_name()
                .and_then(|name| name.to_str())
                .unwrap_or_default();
            let url = utf8_percent_encode(name, NON_ALPHANUMERIC).to_string();
            let markdown = export::markdown(
                &notebook,
                &options,
                &url.replace("%5F", "_").replace("%2D", "-"),
            );
            (target, markdown.text, markdown.files)
        }
        Format::Python | Format::Script => {
            let script = export::script(&notebook);
            if args.to == Format::Python && script.extension != ".py" {
                let language = notebook.language().unwrap_or_default();
                bail!(
                    "the notebook's language is {language}, not Python; --to script writes a script in its own language"
                );
            }
            (
                target(script.extension.trim_start_matches('.')),
                script.text,
                Vec::new(),
            )
        }
    };
    if to_stdout {
        return std::io::stdout()
            .write_all(text.as_bytes())
            .context("cannot write to standard output");
    }
    if !files.is_empty() {
        let folder = images_folder(&target);
        std::fs::create_dir_all(&folder)
            .with_context(|| format!("cannot make {}", folder.display()))?;
        for (name, bytes) in files {
            write(&folder.join(name), &bytes)?;
        }
    }
    write(&target, text.as_bytes())
}

/// Not for pages that say themselves what they are called.
fn title(notebook: &Notebook, source: &Path, stdin: bool) -> Option<String> {
    let own = notebook
        .metadata
        .get("title")
        .and_then(|title| title.as_str());
    let name = || {
        (!stdin)
            .then(|| source.file_stem()?.to_str().map(str::to_owned))
            .flatten()
    };
    own.map(str::to_owned).or_else(name)
}

/// `NAME_files` beside `NAME.md`, as nbconvert names it.
fn images_folder(target: &Path) -> PathBuf {
    let mut name = target.file_stem().unwrap_or_default().to_owned();
    name.push("_files");
    target.with_file_name(name)
}

fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    std::fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}
