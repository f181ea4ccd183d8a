//! `drape models pull`

use std::path::Path;

use anyhow::Context as _;
use drape_engines::models::{
    Model, State,
    pull::{
        PullError, PullEvent, Source, check_licences, check_room, free_bytes, missing_bytes, pull,
    },
};
use drape_outbound::hub::HubClient;
use drape_server::app::make_private_dir;

use super::{Models, environment::Environment, progress::Progress, size};
use crate::{commands::block_on, exit::Interrupted};

pub(super) fn run(
    models: &Models,
    names: &[String],
    accepted: &[String],
    from: Option<&Path>,
) -> anyhow::Result<()> {
    let mut chosen: Vec<&Model> = Vec::new();
    for name in names {
        let model = models.find(name)?;
        if !chosen.iter().any(|known| known.name == model.name) {
            chosen.push(model);
        }
    }
    check_licences(&chosen, accepted)?;
    let environment = Environment::of_process();
    let options = environment.hub_options()?;
    let host = options.endpoint.host_str().unwrap_or_default().to_owned();
    for model in &chosen {
        introduce(models, model, from, &host);
    }
    let is_offline = from.is_none() && environment.is_offline();
    let lacking = chosen
        .iter()
        .find(|model| model.state(&models.data_dir) != State::Installed);
    if let (true, Some(model)) = (is_offline, lacking) {
        return Err(PullError::Offline(model.name.clone()).into());
    }
    check_room(&models.data_dir, &chosen, free_bytes)?;
    make_private_dir(&models.data_dir)
        .with_context(|| format!("{} cannot be made", models.data_dir.display()))?;
    let hub = HubClient::new(options)?;
    let source = match from {
        Some(folder) => Source::Folder(folder),
        None if is_offline => Source::Offline,
        None => Source::Hub(&hub),
    };
    let work = async {
        for model in &chosen {
            let mut progress = Progress::new();
            let mut observe = |event: PullEvent<'_>| progress.tell(event);
            let installed = pull(&models.data_dir, model, source, &mut observe).await?;
            println!(
                "{} is installed in {}",
                model.name,
                installed.folder().display()
            );
        }
        Ok(())
    };
    block_on(async {
        tokio::select! {
            done = work => done,
            _ = tokio::signal::ctrl_c() => Err(Interrupted.into()),
        }
    })
}

/// Says what is about to be pulled, from where and under which terms.
fn introduce(models: &Models, model: &Model, from: Option<&Path>, host: &str) {
    let use_allowed = if model.licence.commercial_use {
        "commercial use allowed"
    } else {
        "NO commercial use"
    };
    println!("{}: {}", model.name, model.purpose);
    println!(
        "  licence  {}, {use_allowed}, {}",
        model.licence.spdx, model.licence.url
    );
    match from {
        Some(folder) => println!("  source   {}", folder.display()),
        None => println!(
            "  source   {} on {host}, revision {}",
            model.repository, model.revision
        ),
    }
    println!(
        "  size     {}, {} to come",
        size(model.total_bytes()),
        size(missing_bytes(&models.data_dir, model))
    );
}
