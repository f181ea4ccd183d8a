//! The neural engine: FASHN VTON 1.5 on the CPU, once its model files are there.
//!
//! The way of a job: [`FashnVton::generate`] puts it into a short queue, [`thread`] takes it out on the one thread that owns the
//! networks, [`studio`] finds the person's pose, reads the product ([`garment`]), samples the picture step by step and puts the
//! original back where nothing had to change ([`keep`], [`drape_imaging::preserve`]).

mod garment;
mod keep;
mod memory;
mod options;
mod refusal;
mod studio;
mod thread;

use std::time::Duration;

use async_trait::async_trait;
use drape_core::engine::{
    Capabilities, Category, DigitalSource, Engine, EngineError, EngineInput, EngineOutput,
};
use drape_vton::{
    backend::cpu::Cpu,
    config::Config,
    kernels::Path,
    model::Model,
    pose::{OnnxNetwork, PoseEstimator},
    weights::Weights,
};

use self::thread::Painter;
use crate::{
    category::{self, Words},
    models,
};

pub use options::{FashnVtonOptions, Preset, UnknownPreset};
pub use studio::Networks;
pub use thread::Open;

/// Name of the engine.
pub const NAME: &str = "fashn-vton";
/// Version of the network.
const VERSION: &str = "1.5";
/// Model in the registry that holds the network.
pub const NETWORK: &str = "fashn-vton-1.5";
/// File of that model with the weights.
pub const WEIGHTS_FILE: &str = "model.safetensors";
/// Model in the registry that holds the two pose networks.
const POSES: &str = "dwpose";
/// Memory that the networks take at work with weights in bf16 and f32, in bytes.
const NEEDED_BF16: u64 = 2_600_000_000;
const NEEDED_F32: u64 = 4_800_000_000;

/// Puts tops, bottoms and dresses on people by a neural network, in minutes on two cores and about one on sixteen.
///
/// One picture is made at a time; the networks are opened with the first one. The same seed, pictures and machine give the same
/// bytes.
pub struct FashnVton {
    options: FashnVtonOptions,
    painter: Painter,
    is_installed: Box<dyn Fn() -> Result<(), EngineError> + Send + Sync>,
}

impl FashnVton {
    /// Makes an engine on the model files in a data folder; nothing is opened yet. Fails where the system gives no thread.
    pub fn new(options: FashnVtonOptions) -> std::io::Result<Self> {
        let data_dir = options.data_dir.clone();
        let check_dir = data_dir.clone();
        Self::with_networks(
            options,
            Box::new(move || open(&data_dir)),
            Box::new(move || files(&check_dir).map(|_| ())),
        )
    }

    /// Makes an engine on networks of any kind. `is_installed` says cheaply whether `open` can be expected to find them.
    pub fn with_networks(
        options: FashnVtonOptions,
        open: Open,
        is_installed: Box<dyn Fn() -> Result<(), EngineError> + Send + Sync>,
    ) -> std::io::Result<Self> {
        Ok(Self {
            painter: Painter::start(options.clone(), open)?,
            options,
            is_installed,
        })
    }

    /// Expected time of a picture after those that wait; none while the networks are not open.
    fn expected(&self) -> Option<Duration> {
        let forwards = self.options.preset.sampling().forwards() as u32;
        let picture = self.painter.pass()? * forwards;
        Some(picture * (self.painter.in_hand() as u32 + 1))
    }
}

#[async_trait]
impl Engine for FashnVton {
    fn name(&self) -> &'static str {
        NAME
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            categories: category::SUPPORTED.to_vec(),
            max_items: 1,
            max_at_once: Some(1),
            time_limit: Some(self.options.time_limit),
            is_local_cpu: true,
            uses_garment: true,
            source: DigitalSource::TrainedAlgorithmic,
            version: format!("{VERSION}-{}", self.options.preset),
        }
    }

    /// Looks for the files and the memory; opens nothing.
    async fn check(&self) -> Result<(), EngineError> {
        (self.is_installed)()?;
        if !self.painter.is_open() {
            check_memory(fastest_path()?)?;
        }
        Ok(())
    }

    /// Has the networks opened and measured in the background when that was not done yet: then it can be said from the next
    /// time on.
    async fn can_take(&self, input: &EngineInput) -> Result<(), EngineError> {
        self.check().await?;
        let Some(expected) = self.expected() else {
            self.painter.warm_up();
            return Err(refusal::unavailable(
                "it is not known yet how fast it is here",
            ));
        };
        if expected > input.time_limit {
            return Err(refusal::out_of_time(input.time_limit, Some(expected)));
        }
        Ok(())
    }

    fn category_of_words(
        &self,
        title: Option<&str>,
        description: Option<&str>,
    ) -> Option<Category> {
        Words::new(title, description).category()
    }

    async fn generate(&self, input: EngineInput) -> Result<EngineOutput, EngineError> {
        self.painter.make(input).await
    }
}

/// Model files of both sets of networks.
struct Files {
    network: std::path::PathBuf,
    detector: std::path::PathBuf,
    whole_body: std::path::PathBuf,
}

fn files(data_dir: &std::path::Path) -> Result<Files, EngineError> {
    let network = models::installed(data_dir, NETWORK).map_err(refusal::unavailable)?;
    let poses = models::installed(data_dir, POSES).map_err(refusal::unavailable)?;
    let file = |model: &models::InstalledModel, name: &str| {
        model
            .file(name)
            .ok_or_else(|| refusal::own_fault(format!("the registry has no {name}")))
    };
    Ok(Files {
        network: file(&network, WEIGHTS_FILE)?,
        detector: file(&poses, "yolox_l.onnx")?,
        whole_body: file(&poses, "dw-ll_ucoco_384.onnx")?,
    })
}

/// Opens the networks, when there is memory for them.
fn open(data_dir: &std::path::Path) -> Result<Networks, EngineError> {
    let files = files(data_dir)?;
    let path = fastest_path()?;
    check_memory(path)?;
    let broken = |what: &str, why: String| {
        refusal::unavailable(format!(
            "{what} is damaged ({why}); `drape models verify` says which file it is, `drape models pull {NETWORK} {POSES}` \
             repairs it"
        ))
    };
    let weights = Weights::open(&files.network)
        .map_err(|error| broken("the model file", error.to_string()))?;
    let backend = Cpu::on(path).map_err(refusal::unavailable)?;
    let model = Model::load(backend, Config::fashn_vton_1_5(), weights)
        .map_err(|error| broken("the model file", error.to_string()))?;
    let onnx = |path: &std::path::Path| {
        OnnxNetwork::open(path).map_err(|error| broken("a pose network", error.to_string()))
    };
    let poses = PoseEstimator::new(
        Box::new(onnx(&files.detector)?),
        Box::new(onnx(&files.whole_body)?),
    )
    .map_err(|error| broken("a pose network", error.to_string()))?;
    Ok(Networks { model, poses })
}

fn fastest_path() -> Result<Path, EngineError> {
    Path::from_environment().map_err(refusal::unavailable)
}

/// Fails when the machine has too little memory for the networks.
fn check_memory(path: Path) -> Result<(), EngineError> {
    let needed = if path.uses_bf16() {
        NEEDED_BF16
    } else {
        NEEDED_F32
    };
    match memory::available_bytes() {
        Some(available) if available < needed => Err(refusal::unavailable(format!(
            "it takes {} MB of memory, {} MB are free",
            needed / 1_000_000,
            available / 1_000_000
        ))),
        _ => Ok(()),
    }
}
