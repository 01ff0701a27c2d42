//! `nbjobs env`: what points AWS tools at the service.

use super::{DataDir, serve};
use crate::app::keys;
use crate::store::{self, Store};
use anyhow::Context;
use std::fs;
use std::path::Path;

/// Options of `nbjobs env`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    data_dir: DataDir,
}

/// Prints `export` lines for `eval`.
pub(super) fn main(args: Args) -> anyhow::Result<()> {
    for (name, value) in variables(&args.data_dir.path())? {
        println!("export {name}='{value}'");
    }
    Ok(())
}

/// The variables that point AWS tools at the service that runs on a data folder.
pub(super) fn variables(data_dir: &Path) -> anyhow::Result<[(&'static str, String); 7]> {
    let endpoint = fs::read_to_string(data_dir.join(serve::ENDPOINT_FILE)).with_context(|| {
        format!(
            "no service runs on {}; start it with: nbjobs serve --data-dir {0}",
            data_dir.display()
        )
    })?;
    let mut lines = endpoint.lines();
    let mut line = || lines.next().unwrap_or_default().to_owned();
    let (endpoint, region, account) = (line(), line(), line());
    let database = data_dir.join(store::FILE);
    let key = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(async {
            Store::open_existing(&database)
                .await?
                .first_access_key()
                .await
        })?
        .context("the service has no access key yet")?;
    let token = keys::token(&key);
    Ok([
        ("AWS_ENDPOINT_URL", endpoint),
        ("AWS_ACCESS_KEY_ID", key.access_key_id),
        ("AWS_SECRET_ACCESS_KEY", key.secret_access_key),
        ("AWS_REGION", region.clone()),
        ("AWS_DEFAULT_REGION", region),
        ("AWS_ACCOUNT_ID", account),
        ("NBJOBS_TOKEN", token),
    ])
}
