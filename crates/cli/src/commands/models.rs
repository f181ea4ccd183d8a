//! `drape models list|pull|verify|remove`

mod environment;
mod list;
mod progress;
mod pull;

use std::path::PathBuf;

use anyhow::Context as _;
use drape_engines::models::{
    Model, Registry, State,
    install::MissingModel,
    remove::remove,
    verify::{Verdict, verify_file},
};

use super::block_on;
use crate::{
    args::{Common, ModelsArgs, ModelsCommand},
    exit::Finding,
    settings::load_settings,
};

pub(super) use list::size;

/// What every command here works on.
struct Models {
    data_dir: PathBuf,
    registry: Registry,
}

pub(crate) fn run(common: &Common, args: &ModelsArgs) -> anyhow::Result<()> {
    let (config, _) = load_settings(common, &[])?;
    let registry = match &args.registry {
        None => Registry::built_in()?,
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("{} cannot be read", path.display()))?;
            Registry::parse(&text).with_context(|| path.display().to_string())?
        }
    };
    let models = Models {
        data_dir: PathBuf::from(&config.storage.data_dir),
        registry,
    };
    match &args.command {
        ModelsCommand::List { json } => {
            list::run(&models, *json);
            Ok(())
        }
        ModelsCommand::Pull {
            names,
            accept_licence,
            from,
        } => pull::run(&models, names, accept_licence, from.as_deref()),
        ModelsCommand::Verify { name } => block_on(verify_models(&models, name.as_deref())),
        ModelsCommand::Remove { name } => remove_model(&models, name),
    }
}

impl Models {
    fn find(&self, name: &str) -> Result<&Model, MissingModel> {
        self.registry
            .find(name)
            .ok_or_else(|| MissingModel::Unknown {
                name: name.to_owned(),
                known: self.registry.names(),
            })
    }
}

async fn verify_models(models: &Models, name: Option<&str>) -> anyhow::Result<()> {
    let data_dir = &models.data_dir;
    let chosen: Vec<&Model> = if let Some(name) = name {
        let model = models.find(name)?;
        if model.state(data_dir) == State::Missing {
            model.installed(data_dir)?;
        }
        vec![model]
    } else {
        let all = models.registry.models().iter();
        all.filter(|model| model.state(data_dir) != State::Missing)
            .collect()
    };
    if chosen.is_empty() {
        println!("no model is installed");
    }
    let mut is_whole = true;
    for model in chosen {
        let mut is_model_whole = true;
        for file in &model.files {
            let place = format!("{}/{}", model.name, file.name);
            let problem = match verify_file(data_dir, model, file).await {
                Verdict::Whole => {
                    println!("ok     {place}");
                    continue;
                }
                Verdict::Unfit(state) => state.to_string(),
                Verdict::WrongHash { expected, actual } => {
                    format!("has SHA-256 {actual} instead of {expected}")
                }
                Verdict::Unreadable(kind) => format!("cannot be read ({kind})"),
            };
            println!("WRONG  {place} {problem}");
            is_model_whole = false;
        }
        if !is_model_whole {
            println!("       -> `{}` repairs it", model.pull_command());
            is_whole = false;
        }
    }
    if is_whole {
        Ok(())
    } else {
        Err(Finding::DamagedModel.into())
    }
}

fn remove_model(models: &Models, name: &str) -> anyhow::Result<()> {
    let model = models.find(name)?;
    let removal = remove(&models.data_dir, model)?;
    let mut total = 0;
    for (path, bytes) in &removal.files {
        println!("removed {}", path.display());
        total += bytes;
    }
    println!("the model {name} is gone, {} are free again", size(total));
    if removal.keeps_folder {
        println!("its folder stays: it holds files of another origin");
    }
    Ok(())
}
