//! Prints the CPU-seconds of one full-size single block on made-up weights.
//!
//! `cargo run --release -p drape-vton --example block [PATH..]`; without names the path of the
//! environment. CPU-seconds are those of all threads together.

use drape_vton::backend::cpu::Cpu;
use drape_vton::bench::usage::{Spent, Stopwatch};
use drape_vton::config::Config;
use drape_vton::kernels::Path;
use drape_vton::model::block::{Scratch, SingleBlock};
use drape_vton::model::condition::Modulation;
use drape_vton::model::rotary::Rotary;
use drape_vton::weights::Weights;
use drape_vton::weights::stream::Stream;

const RUNS: usize = 3;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut paths: Vec<Path> = std::env::args()
        .skip(1)
        .map(|name| name.parse())
        .collect::<Result<_, _>>()?;
    if paths.is_empty() {
        paths.push(Path::from_environment()?);
    }
    let config = Config::fashn_vton_1_5();
    let weights = Weights::random(&config, 0)?;
    for path in paths {
        measure(Cpu::on(path)?, &config, &weights)?;
    }
    Ok(())
}

fn measure(
    backend: Cpu,
    config: &Config,
    weights: &Weights,
) -> Result<(), Box<dyn std::error::Error>> {
    let block = SingleBlock::load(&backend, weights, "single_blocks.0", config)?;
    let rotary = Rotary::of_grid(
        config.grid_rows(),
        config.grid_columns(),
        config.rotary_axes,
        config.rotary_base,
    );
    let mut scratch = Scratch::new(&backend, config);
    let modulation = Stream::named("modulation").values(3 * config.hidden, 0.1);
    let before = Stream::named("tokens").values(config.joint_tokens() * config.hidden, 1.0);
    for run in 0..=RUNS {
        let mut tokens = before.clone();
        let watch = Stopwatch::start()?;
        block.run(
            &backend,
            Modulation::of(&modulation),
            &rotary,
            0,
            &mut tokens,
            &mut scratch,
        );
        let Spent { cpu, wall } = watch.spent()?;
        // The first run pays for memory that is touched for the first time.
        let kind = if run == 0 { "first run" } else { "run" };
        println!("{}: {kind}: {cpu:.2} CPU-s, {wall:.2} s", backend.path());
    }
    Ok(())
}
