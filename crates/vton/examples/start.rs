//! Prints how long the engine takes from a weights file to its first step, and the memory for it.
//!
//! `cargo run --release -p drape-vton --example start FILE [STEPS]`; when there is no such file, one of the released size (1.94 GB) is
//! written from random weights. Run it again then, to measure a process that has done nothing else.

use std::borrow::Cow;
use std::error::Error;
use std::path::Path;

use drape_vton::backend::cpu::Cpu;
use drape_vton::bench::usage::{Stopwatch, peak_memory};
use drape_vton::config::Config;
use drape_vton::model::Model;
use drape_vton::model::condition::Category;
use drape_vton::sampler::Settings;
use drape_vton::weights::{Weights, layout};
use half::bf16;
use safetensors::{Dtype, View};

const SEED: u64 = 1;
const STEPS: usize = 20;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let file = arguments
        .next()
        .ok_or("usage: start FILE [STEPS]; the file is written when it is not there")?;
    let steps = match arguments.next() {
        Some(steps) => steps.to_string_lossy().parse()?,
        None => STEPS,
    };
    let file = Path::new(&file);
    if file.exists() {
        return measure(file, steps);
    }
    write(file)?;
    println!("written: {}; run this again to measure", file.display());
    Ok(())
}

fn measure(file: &Path, steps: usize) -> Result<(), Box<dyn Error>> {
    let whole = Stopwatch::start()?;
    let step = |what: &str, watch: Stopwatch| -> Result<(), Box<dyn Error>> {
        let spent = watch.spent()?;
        let peak = peak_memory()? / 1_000_000;
        println!(
            "{what}: {:.2} s, {:.2} CPU-s, peak {peak} MB",
            spent.wall, spent.cpu
        );
        Ok(())
    };
    let watch = Stopwatch::start()?;
    let weights = Weights::open(file)?;
    let model = Model::load(Cpu::from_environment()?, Config::fashn_vton_1_5(), weights)?;
    step("opened and packed", watch)?;

    let watch = Stopwatch::start()?;
    let mut work = model.workspace();
    let branch = model.null_branch(&mut work);
    step("branch", watch)?;

    let watch = Stopwatch::start()?;
    let conditions = Settings::with_steps(steps).conditions(Category::Tops);
    let modulations = model.modulations(&conditions)?;
    step("modulations", watch)?;
    step("from file to first step", whole)?;

    let watch = Stopwatch::start()?;
    let mut velocity = vec![0.0; 3 * model.config().pixels()];
    let noisy = velocity.clone();
    model.forward(&branch, &noisy, &modulations[0], &mut work, &mut velocity)?;
    step("first pass", watch)
}

/// One tensor of random weights, made when it is written.
struct Made<'a> {
    weights: &'a Weights,
    spec: &'a layout::TensorSpec,
}

impl View for Made<'_> {
    fn dtype(&self) -> Dtype {
        Dtype::BF16
    }

    fn shape(&self) -> &[usize] {
        &self.spec.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        let rows = self.spec.shape[0];
        let columns = self.spec.shape.iter().skip(1).product();
        let mut bytes = Vec::with_capacity(self.data_len());
        let mut row = vec![bf16::ZERO; columns];
        if let Ok(matrix) = self.weights.matrix(&self.spec.name, rows, columns) {
            for index in 0..rows {
                matrix.read_row_bf16(index, &mut row);
                bytes.extend(row.iter().flat_map(|number| number.to_le_bytes()));
            }
        }
        Cow::Owned(bytes)
    }

    fn data_len(&self) -> usize {
        self.spec.shape.iter().product::<usize>() * size_of::<bf16>()
    }
}

fn write(file: &Path) -> Result<(), Box<dyn Error>> {
    let config = Config::fashn_vton_1_5();
    let weights = Weights::random(&config, SEED)?;
    let tensors = layout::tensors(&config);
    let made = tensors.iter().map(|spec| {
        let weights = &weights;
        (&spec.name, Made { weights, spec })
    });
    Ok(safetensors::serialize_to_file(made, None, file)?)
}
