//! `drape doctor`

use std::{future::Future, path::Path, time::Duration};

use drape_core::{
    audit::{Auditor, Orphan},
    engine::Engines,
    ports::{Blobs as _, Clock as _, Database as _, Jobs as _, Ledger as _},
};
use drape_engines::models::{MissingModel, Model, Registry};
use drape_server::{
    app::{Data, blobs_path, database_path, engines, guarded_fetch, open_data},
    config::{Config, parse_offset},
    provenance::{certificate, signer_without_a_trace},
    system::SystemClock,
};

use super::{block_on, models::size};
use crate::{args::Common, settings::load_settings};

/// Age below which a file may still wait for its row.
const ORPHAN_GRACE: Duration = Duration::from_mins(1);

/// What a check found.
enum Finding {
    Good(String),
    Note(String),
    /// What is wrong, and what to do about it.
    Bad(String, String),
}

pub(crate) fn run(common: &Common, orphans: bool) -> anyhow::Result<()> {
    let (config, origins) = load_settings(common, &[])?;
    drape_server::telemetry::init(&super::quiet(&config))?;
    block_on(async {
        let mut report = Report::default();
        report.add(
            "settings",
            Finding::Good(format!("{} differ from their defaults", origins.len())),
        );
        report.add("clock", check_clock(&config));
        report.add("outgoing", check_outgoing(&config));
        report.add("provenance", check_provenance(&config));
        match open_data(&config, false).await {
            Ok(data) => {
                let is_usable = check_data(&config, &data, &mut report).await;
                if orphans && is_usable {
                    report.add("orphans", check_orphans(&data).await);
                }
                data.store.close().await;
            }
            Err(error) => {
                let advice =
                    "check that the folder exists, belongs to you and has room; see --data-dir";
                report.add(
                    "data folder",
                    Finding::Bad(error.to_string(), advice.to_owned()),
                );
            }
        }
        check_engines(&config, &mut report).await;
        check_models(&config, &mut report);
        report.end()
    })
}

#[derive(Default)]
struct Report {
    bad: usize,
}

impl Report {
    fn add(&mut self, what: &str, finding: Finding) {
        match finding {
            Finding::Good(text) => println!("ok    {what:<12} {text}"),
            Finding::Note(text) => println!("note  {what:<12} {text}"),
            Finding::Bad(text, advice) => {
                self.bad += 1;
                println!("BAD   {what:<12} {text}");
                println!("      {:<12} -> {advice}", "");
            }
        }
    }

    fn end(self) -> anyhow::Result<()> {
        match self.bad {
            0 => Ok(()),
            1 => anyhow::bail!("1 check failed"),
            bad => anyhow::bail!("{bad} checks failed"),
        }
    }
}

fn check_clock(config: &Config) -> Finding {
    match parse_offset(&config.clock.offset) {
        Some(0) => Finding::Good("runs with the system's".to_owned()),
        _ => Finding::Note(format!(
            "is shifted by {}: for staging only",
            config.clock.offset
        )),
    }
}

fn check_outgoing(config: &Config) -> Finding {
    match guarded_fetch(config) {
        Err(error) => Finding::Bad(error.to_string(), "correct outbound.allow".to_owned()),
        Ok(_) if config.outbound.allow.is_empty() => {
            Finding::Good("public addresses only".to_owned())
        }
        Ok(_) => Finding::Note(format!(
            "opened by outbound.allow: {}",
            config.outbound.allow.join(", ")
        )),
    }
}

/// Certificates that end within this time are worth a note.
const SOON: Duration = Duration::from_hours(30 * 24);

fn check_provenance(config: &Config) -> Finding {
    if !config.provenance.enabled {
        return Finding::Note("switched off: results do not say how they were made".to_owned());
    }
    let known = certificate(config).and_then(|identity| {
        // Signs a picture on trial, too.
        signer_without_a_trace(config)?;
        Ok(identity)
    });
    let identity = match known {
        Ok(Some(identity)) => identity,
        Ok(None) => {
            return Finding::Note(
                "a certificate will be made when the server first starts; it will be on no trust list"
                    .to_owned(),
            );
        }
        Err(error) => {
            let advice = "correct provenance.key_file and provenance.certificate_file";
            return Finding::Bad(error.to_string(), advice.to_owned());
        }
    };
    let certificate = identity.certificate();
    let (subject, until) = (&certificate.subject, certificate.not_after);
    if until.minus(SOON) < SystemClock::default().now() {
        return Finding::Note(format!(
            "results are signed as {subject}, but only until {until}"
        ));
    }
    if certificate.is_self_made {
        return Finding::Note(format!(
            "results are signed with a self-made certificate, valid until {until}; it is on no trust list, so readers \
             call the signer unknown; `drape provenance certificate` prints it"
        ));
    }
    Finding::Good(format!("results are signed as {subject}, until {until}"))
}

/// Says whether the schema lets further checks look at the database.
async fn check_data(config: &Config, data: &Data, report: &mut Report) -> bool {
    let database = database_path(config);
    let schema = match data.store.pending_migrations().await {
        Ok(pending) if pending.is_empty() => {
            Finding::Good(format!("{} is up to date", database.display()))
        }
        Ok(pending) => Finding::Bad(
            format!("{} lacks {}", database.display(), pending.join(", ")),
            "run `drape migrate` (or start the server, which does it)".to_owned(),
        ),
        Err(error) => Finding::Bad(
            error.to_string(),
            "use the newest drape; restore a backup if the file is broken".to_owned(),
        ),
    };
    let is_usable = matches!(schema, Finding::Good(_));
    report.add("schema", schema);
    report.add(
        "pictures",
        outcome(
            data.blobs.ping(),
            format!("{} can be read and written", blobs_path(config).display()),
            "check owner and free space of the folder",
        )
        .await,
    );
    if !is_usable {
        return false;
    }
    report.add(
        "database",
        outcome(
            data.store.ping(),
            "reads and writes".to_owned(),
            "check owner and free space of the file",
        )
        .await,
    );
    report.add("ledger", check_ledger(data).await);
    match data.store.depth().await {
        Ok(depth) => report.add("queue", Finding::Good(format!("{depth} waiting"))),
        Err(error) => report.add(
            "queue",
            Finding::Bad(error.to_string(), "see the log".to_owned()),
        ),
    }
    true
}

/// Compares files and rows, and prints each that stands alone.
async fn check_orphans(data: &Data) -> Finding {
    let auditor = Auditor {
        retention: &data.store,
        blobs: data.blobs.as_ref(),
        clock: &data.clock,
        grace: ORPHAN_GRACE,
    };
    let told = auditor.run(|orphan| match orphan {
        Orphan::File(key) => println!("      file without a row  {key}"),
        Orphan::Row(key) => println!("      row without a file  {key}"),
    });
    match told.await {
        Err(error) => Finding::Bad(error.to_string(), "see the log".to_owned()),
        Ok(audit) if audit.orphan_files == 0 && audit.orphan_rows == 0 => Finding::Good(format!(
            "none among {} files and {} rows",
            audit.files, audit.rows
        )),
        Ok(audit) => Finding::Bad(
            format!(
                "{} of {} files have no row, {} of {} rows have no file",
                audit.orphan_files, audit.files, audit.orphan_rows, audit.rows
            ),
            "a running server deletes such files once they are older than retention.orphan_grace_s; \
             files that are missing come back only from a backup"
                .to_owned(),
        ),
    }
}

async fn check_ledger(data: &Data) -> Finding {
    match data.store.inconsistent_accounts().await {
        Ok(accounts) if accounts.is_empty() => {
            Finding::Good("every balance is the sum of its entries".to_owned())
        }
        Ok(accounts) => {
            let names: Vec<_> = accounts.iter().map(ToString::to_string).collect();
            Finding::Bad(
                format!(
                    "the balance differs from the entries of {}",
                    names.join(", ")
                ),
                "keep a copy of the database and report this".to_owned(),
            )
        }
        Err(error) => Finding::Bad(error.to_string(), "see the log".to_owned()),
    }
}

async fn check_engines(config: &Config, report: &mut Report) {
    let engines = match engines(config) {
        Ok(engines) => engines,
        Err(error) => {
            return report.add(
                "engines",
                Finding::Bad(error.to_string(), "correct the setting".to_owned()),
            );
        }
    };
    for engine in engines.iter() {
        let is_default = engine.name() == engines.default_name();
        let text = format!(
            "{} works{}",
            engine.name(),
            if is_default { " (default)" } else { "" }
        );
        report.add(
            "engine",
            match engine.check().await {
                Ok(()) => Finding::Good(text),
                Err(error) if !is_needed(&engines, engine.name()) => Finding::Note(format!(
                    "{} is not in use: {}",
                    engine.name(),
                    error.message
                )),
                Err(error) => Finding::Bad(
                    format!("{}: {}", engine.name(), error.message),
                    "choose another engine.default".to_owned(),
                ),
            },
        );
    }
}

/// Says which models are there and how to get the others; none of them must be.
fn check_models(config: &Config, report: &mut Report) {
    let registry = match Registry::built_in() {
        Ok(registry) => registry,
        Err(error) => {
            let advice = "this build of drape is broken; install another";
            return report.add("models", Finding::Bad(error.to_string(), advice.to_owned()));
        }
    };
    let data_dir = Path::new(&config.storage.data_dir);
    let mut missing: Vec<&Model> = Vec::new();
    for model in registry.models() {
        match model.installed(data_dir) {
            Ok(_) => report.add(
                "model",
                Finding::Good(format!("{} is installed", model.name)),
            ),
            Err(MissingModel::NotInstalled { .. }) => missing.push(model),
            Err(error) => report.add("model", Finding::Note(error.to_string())),
        }
    }
    if missing.is_empty() {
        return;
    }
    let names: Vec<_> = missing.iter().map(|model| model.name.as_str()).collect();
    let bytes = missing.iter().map(|model| model.total_bytes()).sum();
    report.add(
        "models",
        Finding::Note(format!(
            "not installed: {}; only the neural engine needs them, `drape models pull {}` gets them ({})",
            names.join(", "),
            names.join(" "),
            size(bytes)
        )),
    );
}

/// Says whether the default engine is this one and no other.
fn is_needed(engines: &Engines, name: &str) -> bool {
    let behind = engines.behind(engines.default_name());
    matches!(behind.as_slice(), [only] if only.name() == name)
}

async fn outcome(
    check: impl Future<Output = drape_core::Result<()>>,
    good: String,
    advice: &str,
) -> Finding {
    match check.await {
        Ok(()) => Finding::Good(good),
        Err(error) => Finding::Bad(error.to_string(), advice.to_owned()),
    }
}
