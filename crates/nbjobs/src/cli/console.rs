//! `nbjobs console`: a link that signs in to the console of the service that runs.

use super::{DataDir, serve};
use crate::app::sessions;
use crate::clock::Clock;
use crate::store::{self, Store};
use anyhow::Context;
use std::fs;

/// Options of `nbjobs console`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    data_dir: DataDir,
}

/// Prints the link.
pub(super) fn main(args: Args) -> anyhow::Result<()> {
    let data_dir = args.data_dir.path();
    let endpoint = fs::read_to_string(data_dir.join(serve::ENDPOINT_FILE)).with_context(|| {
        format!(
            "no service runs on {}; start it with: nbjobs serve --data-dir {0}",
            data_dir.display()
        )
    })?;
    let database = data_dir.join(store::FILE);
    let token = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(async {
            let store = Store::open_existing(&database).await?;
            sessions::link(&store, Clock::machine_now()).await
        })?;
    println!(
        "{}",
        link(endpoint.lines().next().unwrap_or_default(), &token)
    );
    Ok(())
}

/// The address that signs in with a token.
pub(super) fn link(endpoint: &str, token: &str) -> String {
    format!("{endpoint}/console/sign-in?token={token}")
}
