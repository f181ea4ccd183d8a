//! Prints the CPU-seconds of one full-size single and one double block on random weights.
//!
//! `cargo run --release -p drape-vton --example block [--json] [PATH..]`; without names the path of the environment. CPU-seconds are those of
//! all threads together; the median of a few runs is printed.

use std::error::Error;

use drape_vton::backend::cpu::Cpu;
use drape_vton::bench::usage::{Spent, Stopwatch};
use drape_vton::config::Config;
use drape_vton::kernels::Path;
use drape_vton::model::block::{DoubleBlock, Scratch, SingleBlock};
use drape_vton::model::condition::{DoubleModulation, Modulation};
use drape_vton::model::rotary::Rotary;
use drape_vton::weights::Weights;
use drape_vton::weights::stream::Stream;

const RUNS: usize = 3;

fn main() -> Result<(), Box<dyn Error>> {
    let (options, names): (Vec<String>, Vec<String>) = std::env::args()
        .skip(1)
        .partition(|argument| argument.starts_with("--"));
    let json = match options.as_slice() {
        [] => false,
        [option] if option == "--json" => true,
        _ => return Err("usage: block [--json] [PATH..]".into()),
    };
    let mut paths: Vec<Path> = names
        .iter()
        .map(|name| name.parse())
        .collect::<Result<_, _>>()?;
    if paths.is_empty() {
        paths.push(Path::from_environment()?);
    }
    for path in paths {
        let [single, double] = measure(Cpu::on(path)?)?;
        if json {
            let report = serde_json::json!({
                "path": path.name(),
                "single_block_cpu_s": single.cpu,
                "double_block_cpu_s": double.cpu,
            });
            println!("{report}");
            continue;
        }
        for (kind, Spent { cpu, wall }) in [("single", single), ("double", double)] {
            println!("{path}: {kind} block: {cpu:.2} CPU-s, {wall:.2} s");
        }
    }
    Ok(())
}

/// Measures a single and a double block.
fn measure(backend: Cpu) -> Result<[Spent; 2], Box<dyn Error>> {
    let config = Config::fashn_vton_1_5();
    let weights = Weights::random(&config, 0)?;
    let single = SingleBlock::load(&backend, &weights, "single_blocks.0", &config)?;
    let double = DoubleBlock::load(&backend, &weights, "double_blocks.0", &config)?;
    let rotary = Rotary::of_grid(&config);
    let mut scratch = Scratch::new(&backend, &config);
    let values = Stream::named("modulation").values(3 * config.hidden, 0.1);
    let modulation = Modulation::of(&values);
    let both = DoubleModulation {
        person: [modulation; 2],
        garment: [modulation; 2],
    };
    let tokens = Stream::named("tokens").values(config.joint_tokens() * config.hidden, 1.0);
    let single = median_of_runs(&tokens, |tokens| {
        single.run(&backend, modulation, &rotary, 0, tokens, &mut scratch);
    })?;
    let double = median_of_runs(&tokens, |tokens| {
        double.run(&backend, both, &rotary, tokens, &mut scratch);
    })?;
    Ok([single, double])
}

fn median_of_runs(
    before: &[f32],
    mut block: impl FnMut(&mut [f32]),
) -> Result<Spent, Box<dyn Error>> {
    let mut tokens = before.to_vec();
    // The first run pays for memory that is touched for the first time.
    block(&mut tokens);
    let mut runs = Vec::new();
    for _ in 0..RUNS {
        tokens.copy_from_slice(before);
        let watch = Stopwatch::start()?;
        block(&mut tokens);
        runs.push(watch.spent()?);
    }
    runs.sort_by(|a, b| a.cpu.total_cmp(&b.cpu));
    Ok(runs[RUNS / 2])
}
