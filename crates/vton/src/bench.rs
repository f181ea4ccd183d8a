//! How fast the engine is on this machine.
//!
//! [`run`] builds a network, measures each kind of block inside one pass through it, then a whole pass, and works out how long a picture
//! takes. With [`Weights::random`] it needs no file.

mod estimate;
pub mod usage;
mod work;

use std::fmt;

use serde::Serialize;
use thiserror::Error;

use crate::backend::cpu::Cpu;
use crate::config::{COLOURS, Config};
use crate::model::condition::{Category, Modulations};
use crate::model::{Branch, InputError, Model, Pictures, Stage, Workspace};
use crate::sampler::Settings;
use crate::weights::stream::Stream;
use crate::weights::{Weights, WeightsError};
pub use estimate::expected_pass;
use usage::{Spent, Stopwatch, UsageError, cpu_time_of_threads, peak_memory};

/// What a machine needs for the work of one picture.
///
/// Times are in seconds; those named `cpu` count all threads together, so a busy machine hardly disturbs them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Instruction set of the kernels.
    pub path: &'static str,
    /// Threads that worked.
    pub threads: usize,
    /// From opened weights to a network that is ready.
    pub load_wall_s: f64,
    /// A patch mixer; the median of all of them, as in the next two.
    pub mixer_block_cpu_s: f64,
    /// A double block.
    pub double_block_cpu_s: f64,
    /// A single block.
    pub single_block_cpu_s: f64,
    /// One pass through the network.
    pub forward_cpu_s: f64,
    /// One pass through the network.
    pub forward_wall_s: f64,
    /// Operations of a pass per CPU-second, in thousand millions.
    pub gflops_per_core: f64,
    /// How much of `threads` times the speed of one thread is reached on a single block; 1 is all of it.
    pub parallel_efficiency: f64,
    /// Most memory that the process ever held, in millions of bytes; nothing where the system does not tell.
    pub peak_rss_mb: Option<f64>,
    /// Steps of a picture.
    pub steps: usize,
    /// Passes that these steps take.
    pub forwards: usize,
    /// All that the blocks take from the time and the category, for all steps.
    pub modulations_wall_s: f64,
    /// Extrapolated: modulations and passes of a picture.
    pub picture_wall_s: f64,
}

/// What the bench is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Packing the weights.
    Load,
    /// Computing the modulations of all steps.
    Modulations,
    /// One single block, on one thread and on all.
    Threads,
    /// A pass with a look at each block.
    Blocks,
    /// A pass as the sampler does it.
    Forward,
}

impl fmt::Display for Phase {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Load => "packing the weights",
            Self::Modulations => "computing the modulations of all steps",
            Self::Threads => "one block on one thread and on all",
            Self::Blocks => "a pass, block by block",
            Self::Forward => "a whole pass",
        })
    }
}

/// Says why there is no report.
#[derive(Debug, Error)]
pub enum BenchError {
    /// A picture takes at least one step.
    #[error("a picture takes at least one step")]
    NoSteps,
    /// The weights do not fit the network, or cannot be read.
    #[error("the weights could not be used")]
    Weights(#[from] WeightsError),
    /// The made-up pictures do not fit the network.
    #[error("an input does not fit the network")]
    Input(#[from] InputError),
    /// The system does not count what the process uses.
    #[error(transparent)]
    Usage(#[from] UsageError),
    /// No threads could be started.
    #[error("no threads could be started")]
    Threads(#[from] rayon::ThreadPoolBuildError),
    /// A pass gave infinities or no numbers at all.
    #[error("the network's velocity is not finite")]
    NotFinite,
}

/// Measures a network on the threads of the caller's pool; `steps` is for the extrapolation. `progress` is told what comes next.
pub fn run(
    backend: Cpu,
    config: Config,
    weights: Weights,
    steps: usize,
    progress: &mut dyn FnMut(Phase),
) -> Result<Report, BenchError> {
    if steps == 0 {
        return Err(BenchError::NoSteps);
    }
    let settings = Settings::with_steps(steps);
    progress(Phase::Load);
    let watch = Stopwatch::start()?;
    let model = Model::load(backend, config, weights)?;
    let load = watch.spent()?;

    progress(Phase::Modulations);
    let watch = Stopwatch::start()?;
    let modulations = model.modulations(&settings.conditions(Category::Tops))?;
    let prepared = watch.spent()?;
    let modulations = &modulations[0];

    progress(Phase::Threads);
    let mut work = model.workspace();
    let parallel_efficiency = parallel_efficiency(&model, modulations, &mut work)?;

    let pass = Pass::new(&model, &mut work)?;
    progress(Phase::Blocks);
    let kinds = pass.blocks(&model, modulations, &mut work)?;
    progress(Phase::Forward);
    let forward = pass.whole(&model, modulations, &mut work)?;

    let forwards = settings.forwards();
    let operations = work::forward(model.config()) as f64;
    Ok(Report {
        path: backend.path().name(),
        threads: rayon::current_num_threads(),
        load_wall_s: load.wall,
        mixer_block_cpu_s: median(kinds.mixer),
        double_block_cpu_s: median(kinds.double),
        single_block_cpu_s: median(kinds.single),
        forward_cpu_s: forward.cpu,
        forward_wall_s: forward.wall,
        gflops_per_core: operations / forward.cpu / 1e9,
        parallel_efficiency,
        peak_rss_mb: peak_memory().ok().map(|bytes| bytes as f64 / 1e6),
        steps,
        forwards,
        modulations_wall_s: prepared.wall,
        picture_wall_s: prepared.wall + forwards as f64 * forward.wall,
    })
}

/// Compares one thread with all, in turn, and takes the best time of each.
///
/// All threads are done when the busiest is, so its CPU time stands for theirs: on an idle machine that is the wall time, and on a busy one
/// it leaves out the waiting for others.
fn parallel_efficiency(
    model: &Model<Cpu>,
    modulations: &Modulations,
    work: &mut Workspace<Cpu>,
) -> Result<f64, BenchError> {
    const ROUNDS: usize = 3;
    let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    // The first run pays for memory that is touched for the first time.
    model.run_single_block(0, modulations, work);
    let (mut one, mut all) = (f64::INFINITY, f64::INFINITY);
    for _ in 0..ROUNDS {
        let spent = alone.install(|| busiest_thread(model, modulations, work))?;
        one = one.min(spent);
        // The scope puts what is not shared out on one of the threads, too.
        let spent = rayon::scope(|_| busiest_thread(model, modulations, work))?;
        all = all.min(spent);
    }
    Ok(one / (all * rayon::current_num_threads() as f64))
}

/// Runs a single block and gives the CPU time of the thread that worked most.
fn busiest_thread(
    model: &Model<Cpu>,
    modulations: &Modulations,
    work: &mut Workspace<Cpu>,
) -> Result<f64, UsageError> {
    let before = cpu_time_of_threads()?;
    model.run_single_block(0, modulations, work);
    let after = cpu_time_of_threads()?;
    let spent = after.iter().zip(&before).map(|(after, before)| {
        let spent = after.saturating_sub(*before);
        spent.as_secs_f64()
    });
    Ok(spent.fold(0.0, f64::max))
}

/// CPU time of each block, by kind.
#[derive(Default)]
struct Kinds {
    mixer: Vec<f64>,
    double: Vec<f64>,
    single: Vec<f64>,
}

/// A pass through the network with made-up pictures.
struct Pass {
    branch: Branch,
    noisy: Vec<f32>,
}

impl Pass {
    fn new(model: &Model<Cpu>, work: &mut Workspace<Cpu>) -> Result<Self, BenchError> {
        let pixels = model.config().pixels();
        let planes = |name: &str, count: usize| Stream::named(name).values(count * pixels, 1.0);
        let branch = model.branch(
            Pictures {
                person: &planes("bench.person", COLOURS),
                person_pose: &planes("bench.person_pose", 1),
                garment: &planes("bench.garment", COLOURS),
                garment_pose: &planes("bench.garment_pose", 1),
            },
            work,
        )?;
        Ok(Self {
            branch,
            noisy: planes("bench.noise", COLOURS),
        })
    }

    /// Measures each block of one pass.
    fn blocks(
        &self,
        model: &Model<Cpu>,
        modulations: &Modulations,
        work: &mut Workspace<Cpu>,
    ) -> Result<Kinds, BenchError> {
        let mut velocity = vec![0.0; self.noisy.len()];
        let mut kinds = Kinds::default();
        let mut watch = Stopwatch::start()?;
        let mut failed = None;
        let mut look = |stage: Stage, _: &[f32]| {
            let lap = watch.spent().and_then(|spent| {
                watch = Stopwatch::start()?;
                Ok(spent)
            });
            match lap {
                Ok(spent) => match stage {
                    Stage::Mixer(_) => kinds.mixer.push(spent.cpu),
                    Stage::DoublePerson(_) => kinds.double.push(spent.cpu),
                    Stage::Single(_) => kinds.single.push(spent.cpu),
                    _ => {}
                },
                Err(error) => failed = Some(error),
            }
        };
        model.forward_observed(
            &self.branch,
            &self.noisy,
            modulations,
            work,
            &mut velocity,
            &mut look,
        )?;
        match failed {
            Some(error) => Err(error.into()),
            None => Ok(kinds),
        }
    }

    /// Measures one pass as the sampler does it.
    fn whole(
        &self,
        model: &Model<Cpu>,
        modulations: &Modulations,
        work: &mut Workspace<Cpu>,
    ) -> Result<Spent, BenchError> {
        let mut velocity = vec![0.0; self.noisy.len()];
        let watch = Stopwatch::start()?;
        model.forward(&self.branch, &self.noisy, modulations, work, &mut velocity)?;
        let spent = watch.spent()?;
        if velocity.iter().all(|value| value.is_finite()) {
            return Ok(spent);
        }
        Err(BenchError::NotFinite)
    }
}

/// The middle value, or 0 of none.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
