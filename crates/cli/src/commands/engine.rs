//! `drape engine`

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use drape_core::Code;
use drape_engines::{
    fashn_vton::{NETWORK, WEIGHTS_FILE},
    models,
};
use drape_vton::{
    backend::cpu::Cpu,
    bench::{self, Report},
    config::Config,
    weights::Weights,
};

use super::print_json;
use crate::{
    args::{BenchArgs, Common, EngineCommand, NeuralEngine},
    settings::load_settings,
};

/// Seed of the weights that are made up: every run measures the same network.
const SEED: u64 = 0;

pub(crate) fn run(common: &Common, command: &EngineCommand) -> anyhow::Result<()> {
    match command {
        EngineCommand::Bench(options) => bench(common, options),
    }
}

fn bench(common: &Common, options: &BenchArgs) -> anyhow::Result<()> {
    let config = match options.engine {
        NeuralEngine::FashnVton => Config::fashn_vton_1_5(),
    };
    let backend = Cpu::from_environment()?;
    let weights = open_weights(common, options, &config)?;
    let steps = usize::from(options.steps);
    // Notes go where they do not mix with JSON.
    let report = bench::run(backend, config, weights, steps, &mut |phase| {
        eprintln!("{phase} ...");
    })?;
    if options.json {
        print_json(&serde_json::to_value(&report)?);
    } else {
        print(&report);
    }
    Ok(())
}

/// Makes weights up, or opens the file that was named, else the one that is installed.
fn open_weights(common: &Common, options: &BenchArgs, config: &Config) -> anyhow::Result<Weights> {
    if options.random_weights {
        return Ok(Weights::random(config, SEED)?);
    }
    let file = match &options.weights {
        Some(file) => file.clone(),
        None => installed_weights(common)?,
    };
    Weights::open(&file).with_context(|| format!("{} cannot be used", file.display()))
}

fn installed_weights(common: &Common) -> anyhow::Result<PathBuf> {
    let (settings, _) = load_settings(common, &[])?;
    let data_dir = Path::new(&settings.storage.data_dir);
    let missing = |why: String| {
        let message = format!(
            "{why}; --random-weights measures without a model, --weights FILE with another file"
        );
        drape_core::Error::new(Code::NotFound, message)
    };
    let model = models::installed(data_dir, NETWORK).map_err(|error| missing(error.to_string()))?;
    let file = model.file(WEIGHTS_FILE);
    Ok(file.ok_or_else(|| missing(format!("the model has no {WEIGHTS_FILE}")))?)
}

fn print(report: &Report) {
    println!("path                  {}", report.path);
    println!("threads               {}", report.threads);
    println!("packing the weights   {:.1} s", report.load_wall_s);
    println!(
        "patch mixer           {:.2} CPU-s",
        report.mixer_block_cpu_s
    );
    println!(
        "double block          {:.2} CPU-s",
        report.double_block_cpu_s
    );
    println!(
        "single block          {:.2} CPU-s",
        report.single_block_cpu_s
    );
    println!(
        "one pass              {:.1} CPU-s, {:.1} s",
        report.forward_cpu_s, report.forward_wall_s
    );
    println!(
        "speed of a core       {:.0} GFLOP/s",
        report.gflops_per_core
    );
    println!(
        "parallel efficiency   {:.0} %",
        100.0 * report.parallel_efficiency
    );
    match report.peak_rss_mb {
        Some(megabytes) => println!("peak memory           {megabytes:.0} MB"),
        None => println!("peak memory           unknown on this system"),
    }
    println!(
        "a picture             about {:.0} s ({} steps, {} passes)",
        report.picture_wall_s, report.steps, report.forwards
    );
}
