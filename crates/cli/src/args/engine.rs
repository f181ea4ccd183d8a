//! Arguments of `drape engine`.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand, ValueEnum};

#[derive(Debug, Subcommand)]
pub(crate) enum EngineCommand {
    /// Measure how fast this machine computes a neural engine: per block, per pass, per picture
    Bench(BenchArgs),
}

#[derive(Debug, ClapArgs)]
pub(crate) struct BenchArgs {
    /// Engine to measure
    #[arg(value_enum)]
    pub(crate) engine: NeuralEngine,
    /// Make weights up, so that no model is needed; the work is the same
    #[arg(long, conflicts_with = "weights")]
    pub(crate) random_weights: bool,
    /// File of weights (safetensors) to measure with
    #[arg(long, value_name = "FILE")]
    pub(crate) weights: Option<PathBuf>,
    /// Steps of the picture that is extrapolated to
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) steps: u16,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Engines that compute a network on this machine.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum NeuralEngine {
    /// FASHN VTON 1.5
    FashnVton,
}
