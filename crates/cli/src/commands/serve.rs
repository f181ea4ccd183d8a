//! `drape serve`

use std::io::IsTerminal as _;

use anyhow::Context as _;
use drape_core::ports::Accounts as _;
use drape_server::app::{App, listen, listen_metrics, open_data};
use tokio::signal::unix::{SignalKind, signal};

use super::{block_on_server, first_run};
use crate::{args::Common, settings::load_settings};

pub(crate) fn run(common: &Common, address: Option<String>) -> anyhow::Result<()> {
    let (config, _) = load_settings(common, &[("server.listen", address)])?;
    drape_server::telemetry::init(&config.log)?;
    block_on_server(async {
        // The address first: a second server on the same port should not touch the data.
        let listener = listen(&config).await?;
        let address = listener
            .local_addr()
            .context("the address that was given cannot be read")?;
        let metrics = listen_metrics(&config).await?;
        let data = open_data(&config, true).await?;
        if data.store.list().await?.is_empty() {
            first_run::welcome(&config, &data, address).await?;
        }
        if let Some(listener) = &metrics {
            let address = listener
                .local_addr()
                .context("the address of the metrics cannot be read")?;
            println!("metrics on http://{address}/metrics");
        }
        let app = App::assemble(config, data).await?;
        let app = app.with_metrics_listener(metrics);
        println!(
            "drape {} listens on http://{address}",
            env!("CARGO_PKG_VERSION")
        );
        if std::io::stdout().is_terminal() {
            println!("Ctrl-C ends it.");
        }
        app.serve(listener, until_told_to_stop()?).await?;
        println!("drape has ended");
        Ok(())
    })
}

/// Ends at the first Ctrl-C or SIGTERM; a second one ends the process at once.
fn until_told_to_stop() -> anyhow::Result<impl Future<Output = ()> + Send> {
    let mut interrupt = signal(SignalKind::interrupt()).context("signals cannot be received")?;
    let mut terminate = signal(SignalKind::terminate()).context("signals cannot be received")?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        eprintln!("ending: running jobs may finish; press Ctrl-C again to end at once");
        // The watcher lives exactly as long as the process: there is nothing to join.
        #[expect(
            clippy::disallowed_methods,
            reason = "ends the process, or ends with it"
        )]
        tokio::spawn(async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            std::process::exit(130);
        });
    })
}
