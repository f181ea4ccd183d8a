//! One file per command.

mod account;
mod admin_key;
mod config;
mod credits;
mod customer;
mod doctor;
mod engine;
mod first_run;
mod key;
mod migrate;
mod models;
mod openapi;
mod provenance;
mod serve;
mod try_on;
mod webhook;

use std::{future::Future, time::Duration};

use anyhow::Context as _;
use drape_core::{Code, account::Account, admin::Admin, ports::Accounts as _};
use drape_server::{
    app::{Data, open_data},
    config::Config,
};

use crate::{
    args::{Args, Command, Common},
    settings::load_settings,
};

/// Runs the command.
pub(crate) fn run(args: Args) -> anyhow::Result<()> {
    let common = args.common;
    match args.command {
        Command::Serve { listen } => serve::run(&common, listen),
        Command::TryOn(options) => try_on::run(&common, &options),
        Command::Account(command) => account::run(&common, command),
        Command::Key(command) => key::run(&common, command),
        Command::AdminKey(command) => admin_key::run(&common, command),
        Command::Credits(command) => credits::run(&common, command),
        Command::Engine(command) => engine::run(&common, &command),
        Command::Provenance(command) => provenance::run(&common, &command),
        Command::Customer(command) => customer::run(&common, command),
        Command::Webhook(command) => webhook::run(&common, command),
        Command::Models(args) => models::run(&common, &args),
        Command::Doctor { orphans } => doctor::run(&common, orphans),
        Command::Config(command) => config::run(&common, &command),
        Command::Openapi => {
            openapi::run();
            Ok(())
        }
        Command::Migrate => migrate::run(&common),
    }
}

/// Runs async work on a small runtime of its own.
fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("the runtime cannot be started")?;
    runtime.block_on(work)
}

/// Runs the server on all cores; work that does not end in time is left behind at the end.
fn block_on_server(work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the runtime cannot be started")?;
    let done = runtime.block_on(work);
    runtime.shutdown_timeout(Duration::from_secs(1));
    done
}

/// Opens the data folder for one command and closes it afterwards.
fn with_data<F: Future<Output = anyhow::Result<()>>>(
    common: &Common,
    command: impl FnOnce(Config, Data) -> F,
) -> anyhow::Result<()> {
    let (config, _) = load_settings(common, &[])?;
    drape_server::telemetry::init(&quiet(&config))?;
    block_on(async {
        let data = open_data(&config, true).await?;
        let store = data.store.clone();
        let done = command(config, data).await;
        store.close().await;
        done
    })
}

/// Commands speak for themselves; only trouble is logged beside.
fn quiet(config: &Config) -> drape_server::config::LogSettings {
    let mut settings = config.log.clone();
    if settings.filter == drape_server::config::LogSettings::default().filter {
        "warn".clone_into(&mut settings.filter);
    }
    settings
}

/// The use cases of whoever runs the server.
fn admin(data: &Data) -> Admin<'_> {
    Admin {
        accounts: &data.store,
        ledger: &data.store,
        clock: &data.clock,
        ids: data.ids.as_ref(),
    }
}

/// Finds an account by name or id.
async fn find_account(data: &Data, name_or_id: &str) -> anyhow::Result<Account> {
    let by_id = match name_or_id.parse() {
        Ok(id) => data.store.find(id).await?,
        Err(_) => None,
    };
    let found = match by_id {
        Some(account) => Some(account),
        None => data.store.find_by_name(name_or_id).await?,
    };
    found.ok_or_else(|| {
        let message =
            format!("there is no account \"{name_or_id}\"; `drape account list` shows all");
        drape_core::Error::new(Code::NotFound, message).into()
    })
}

/// Prints JSON with two spaces of indent and a line end.
fn print_json(value: &serde_json::Value) {
    println!("{value:#}");
}
