//! `nbjobs env`: what points AWS tools at the service.

use super::{DataDir, serve};
use crate::store::Store;
use anyhow::Context;
use std::fs;

/// Options of `nbjobs env`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    data_dir: DataDir,
}

/// Prints `export` lines for `eval`.
pub(super) fn main(args: Args) -> anyhow::Result<()> {
    let data_dir = args.data_dir.path();
    let endpoint = fs::read_to_string(data_dir.join(serve::ENDPOINT_FILE)).with_context(|| {
        format!(
            "no service runs on {}; start it with: nbjobs serve --data-dir {0}",
            data_dir.display()
        )
    })?;
    let mut lines = endpoint.lines();
    let (endpoint, region, account) = (
        lines.next().unwrap_or_default(),
        lines.next().unwrap_or_default(),
        lines.next().unwrap_or_default(),
    );
    let database = data_dir.join(serve::DATABASE_FILE);
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
    for (name, value) in [
        ("AWS_ENDPOINT_URL", endpoint),
        ("AWS_ACCESS_KEY_ID", &key.access_key_id),
        ("AWS_SECRET_ACCESS_KEY", &key.secret_access_key),
        ("AWS_REGION", region),
        ("AWS_DEFAULT_REGION", region),
        ("AWS_ACCOUNT_ID", account),
    ] {
        println!("export {name}='{value}'");
    }
    Ok(())
}
