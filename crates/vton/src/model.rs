//! The network: from a noisy picture, a person, a garment and a time to a velocity.
//!
//! It is a multimodal diffusion transformer (Esser et al. 2024) on raw pixel patches. Person and garment become two rows of tokens; a few
//! patch mixers see the person alone, double blocks keep separate weights but attend jointly, single blocks work on the joint sequence, and
//! the last layer turns the person's tokens into the patches of the velocity. In the joint sequence the garment comes first.

pub mod block;
pub mod condition;
pub mod patches;
pub mod rotary;

use std::fmt;

use thiserror::Error;

use crate::backend::{Backend, Linear};
use crate::config::{COLOURS, Config, GARMENT_CHANNELS, PERSON_CHANNELS};
use crate::weights::{Weights, WeightsError};
use block::{DoubleBlock, Scratch, SingleBlock};
use condition::{Condition, Modulations};
use rotary::Rotary;

/// A place in the network whose values can be watched; it prints like the module it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// The person's patches as tokens.
    PersonTokens,
    /// The garment's patches as tokens.
    GarmentTokens,
    /// The person's tokens after a patch mixer.
    Mixer(usize),
    /// The person's tokens after a double block.
    DoublePerson(usize),
    /// The garment's tokens after a double block.
    DoubleGarment(usize),
    /// The joint sequence after a single block.
    Single(usize),
    /// The patches of the velocity, before they become a picture.
    FinalLayer,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PersonTokens => f.write_str("x_embedder"),
            Self::GarmentTokens => f.write_str("garment_embedder"),
            Self::Mixer(i) => write!(f, "x_patch_mixer.{i}"),
            Self::DoublePerson(i) => write!(f, "double_blocks.{i}.img"),
            Self::DoubleGarment(i) => write!(f, "double_blocks.{i}.txt"),
            Self::Single(i) => write!(f, "single_blocks.{i}"),
            Self::FinalLayer => f.write_str("final_layer"),
        }
    }
}

/// Gets the values of each stage; the order is that of the computation.
pub type Observer<'a> = &'a mut dyn FnMut(Stage, &[f32]);

/// An input does not fit the network.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{what}` has {found} numbers, the network asks for {expected}")]
pub struct InputError {
    /// The input.
    pub what: &'static str,
    /// Numbers that the network asks for.
    pub expected: usize,
    /// Numbers that were given.
    pub found: usize,
}

/// What the network sees beside the noise: planes [channel, y, x] of the canvas, values in -1..=1.
#[derive(Debug, Clone, Copy)]
pub struct Pictures<'a> {
    /// The person, three colours.
    pub person: &'a [f32],
    /// The person's pose, gray.
    pub person_pose: &'a [f32],
    /// The garment, three colours.
    pub garment: &'a [f32],
    /// The pose of who wears the garment, gray; all -1 (black) for a garment that nobody wears.
    pub garment_pose: &'a [f32],
}

/// The pictures as one branch of the guidance needs them, prepared once for all steps.
#[derive(Debug, Clone)]
pub struct Branch {
    /// Person and pose, four planes.
    person: Vec<f32>,
    garment_tokens: Vec<f32>,
}

/// Buffers of a pass, made once and used again in every step.
pub struct Workspace<B: Backend> {
    /// Residual stream of the joint sequence, garment first.
    joint: Vec<f32>,
    patches: B::Rows,
    output: Vec<f32>,
    scratch: Scratch<B>,
}

/// The network with its weights packed for a backend.
pub struct Model<B: Backend> {
    config: Config,
    backend: B,
    /// Kept open for the modulations: they are computed from the file, because each of their matrices is used only once per time.
    weights: Weights,
    rotary: Rotary,
    person_embedder: Linear<B::Matrix>,
    garment_embedder: Linear<B::Matrix>,
    mixers: Vec<SingleBlock<B::Matrix>>,
    double_blocks: Vec<DoubleBlock<B::Matrix>>,
    single_blocks: Vec<SingleBlock<B::Matrix>>,
    final_layer: Linear<B::Matrix>,
}

impl<B: Backend> Model<B> {
    /// Checks the weights against the sizes and packs them.
    pub fn load(backend: B, config: Config, weights: Weights) -> Result<Self, WeightsError> {
        weights.check(&config)?;
        let embedder = |name: &str, channels: usize| -> Result<Linear<B::Matrix>, WeightsError> {
            let inputs = channels * config.patch * config.patch;
            block::linear(
                &backend,
                &weights,
                &format!("{name}.proj"),
                config.hidden,
                inputs,
            )
        };
        let single = |kind: &str, count: usize| -> Result<Vec<_>, WeightsError> {
            (0..count)
                .map(|i| SingleBlock::load(&backend, &weights, &format!("{kind}.{i}"), &config))
                .inspect(|_| weights.release())
                .collect()
        };
        let double_blocks = (0..config.double_blocks)
            .map(|i| DoubleBlock::load(&backend, &weights, &format!("double_blocks.{i}"), &config))
            .inspect(|_| weights.release())
            .collect::<Result<_, _>>()?;
        let final_layer = block::linear(
            &backend,
            &weights,
            "final_layer.linear",
            config.colour_patch(),
            config.hidden,
        )?;
        Ok(Self {
            rotary: Rotary::of_grid(&config),
            person_embedder: embedder("x_embedder", PERSON_CHANNELS)?,
            garment_embedder: embedder("garment_embedder", GARMENT_CHANNELS)?,
            mixers: single("x_patch_mixer", config.patch_mixers)?,
            double_blocks,
            single_blocks: single("single_blocks", config.single_blocks)?,
            final_layer,
            config,
            backend,
            weights,
        })
    }

    /// The sizes of the network.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Makes the buffers of a pass.
    pub fn workspace(&self) -> Workspace<B> {
        let config = &self.config;
        Workspace {
            joint: vec![0.0; config.joint_tokens() * config.hidden],
            patches: self.backend.new_rows(
                config.tokens(),
                PERSON_CHANNELS * config.patch * config.patch,
            ),
            output: vec![0.0; config.tokens() * config.colour_patch()],
            scratch: Scratch::new(&self.backend, config),
        }
    }

    /// Computes what all blocks take from the time and the category, for many conditions in one pass over the weights.
    pub fn modulations(&self, conditions: &[Condition]) -> Result<Vec<Modulations>, WeightsError> {
        condition::modulations(&self.config, &self.weights, conditions)
    }

    /// Prepares the branch that follows the pictures.
    pub fn branch(
        &self,
        pictures: Pictures<'_>,
        work: &mut Workspace<B>,
    ) -> Result<Branch, InputError> {
        let pixels = self.config.pixels();
        check_length("person", COLOURS * pixels, pictures.person)?;
        check_length("person pose", pixels, pictures.person_pose)?;
        check_length("garment", COLOURS * pixels, pictures.garment)?;
        check_length("garment pose", pixels, pictures.garment_pose)?;
        Ok(self.prepare(pictures, work))
    }

    /// Prepares the null branch: every picture and pose is 0.0, which is mid-gray and not black.
    pub fn null_branch(&self, work: &mut Workspace<B>) -> Branch {
        let zeros = vec![0.0; COLOURS * self.config.pixels()];
        let gray = &zeros[..self.config.pixels()];
        self.prepare(
            Pictures {
                person: &zeros,
                person_pose: gray,
                garment: &zeros,
                garment_pose: gray,
            },
            work,
        )
    }

    fn prepare(&self, pictures: Pictures<'_>, work: &mut Workspace<B>) -> Branch {
        let config = &self.config;
        let mut planes: Vec<&[f32]> = pictures.garment.chunks_exact(config.pixels()).collect();
        planes.push(pictures.garment_pose);
        let mut garment_tokens = vec![0.0; config.tokens() * config.hidden];
        // Person patches are wider; a linear layer reads only as many columns as it has inputs.
        self.backend
            .patchify(&planes, config.width, config.patch, &mut work.patches);
        self.backend.linear(
            &work.patches,
            0..config.tokens(),
            &self.garment_embedder,
            &mut garment_tokens,
        );
        Branch {
            person: [pictures.person, pictures.person_pose].concat(),
            garment_tokens,
        }
    }

    /// Runs one single block on what the residual stream holds, for measuring.
    pub(crate) fn run_single_block(
        &self,
        index: usize,
        modulations: &Modulations,
        work: &mut Workspace<B>,
    ) {
        self.single_blocks[index].run(
            &self.backend,
            modulations.single(index),
            &self.rotary,
            0,
            &mut work.joint,
            &mut work.scratch,
        );
    }

    /// Computes the velocity of a noisy picture; both are three planes [channel, y, x].
    pub fn forward(
        &self,
        branch: &Branch,
        noisy: &[f32],
        modulations: &Modulations,
        work: &mut Workspace<B>,
        velocity: &mut [f32],
    ) -> Result<(), InputError> {
        self.pass(branch, noisy, modulations, work, velocity, None)
    }

    /// Computes the same as [`Model::forward`] and shows every stage to `observer`.
    pub fn forward_observed(
        &self,
        branch: &Branch,
        noisy: &[f32],
        modulations: &Modulations,
        work: &mut Workspace<B>,
        velocity: &mut [f32],
        observer: Observer<'_>,
    ) -> Result<(), InputError> {
        self.pass(branch, noisy, modulations, work, velocity, Some(observer))
    }

    fn pass(
        &self,
        branch: &Branch,
        noisy: &[f32],
        modulations: &Modulations,
        work: &mut Workspace<B>,
        velocity: &mut [f32],
        mut observer: Option<Observer<'_>>,
    ) -> Result<(), InputError> {
        let config = &self.config;
        check_length("noisy picture", COLOURS * config.pixels(), noisy)?;
        check_length("velocity", COLOURS * config.pixels(), velocity)?;
        let tokens = config.tokens();
        let half = tokens * config.hidden;
        let observed = observer.is_some();
        let mut show = |stage: Stage, values: &[f32]| {
            if let Some(observer) = observer.as_mut() {
                observer(stage, values);
            }
        };

        let planes: Vec<&[f32]> = noisy
            .chunks_exact(config.pixels())
            .chain(branch.person.chunks_exact(config.pixels()))
            .collect();
        self.backend
            .patchify(&planes, config.width, config.patch, &mut work.patches);
        work.joint[..half].copy_from_slice(&branch.garment_tokens);
        self.backend.linear(
            &work.patches,
            0..tokens,
            &self.person_embedder,
            &mut work.joint[half..],
        );
        show(Stage::GarmentTokens, &work.joint[..half]);
        show(Stage::PersonTokens, &work.joint[half..]);

        for (i, block) in self.mixers.iter().enumerate() {
            let modulation = modulations.mixer(i);
            block.run(
                &self.backend,
                modulation,
                &self.rotary,
                0,
                &mut work.joint[half..],
                &mut work.scratch,
            );
            show(Stage::Mixer(i), &work.joint[half..]);
        }
        for (i, block) in self.double_blocks.iter().enumerate() {
            block.run(
                &self.backend,
                modulations.double(i),
                &self.rotary,
                &mut work.joint,
                &mut work.scratch,
            );
            show(Stage::DoublePerson(i), &work.joint[half..]);
            show(Stage::DoubleGarment(i), &work.joint[..half]);
        }
        let last = self.single_blocks.len() - 1;
        for (i, block) in self.single_blocks.iter().enumerate() {
            // Nothing reads the garment's tokens after the last block: they only serve as keys and values in it.
            let first_query = if i == last && !observed { tokens } else { 0 };
            block.run(
                &self.backend,
                modulations.single(i),
                &self.rotary,
                first_query,
                &mut work.joint,
                &mut work.scratch,
            );
            show(Stage::Single(i), &work.joint);
        }

        let (shift, scale) = modulations.final_layer();
        let person = &work.joint[half..];
        self.backend
            .modulated_norm(person, shift, scale, 0..tokens, &mut work.scratch.normed);
        self.backend.linear(
            &work.scratch.normed,
            0..tokens,
            &self.final_layer,
            &mut work.output,
        );
        show(Stage::FinalLayer, &work.output);
        patches::unpatchify(&work.output, config.width, config.patch, velocity);
        Ok(())
    }
}

pub(crate) fn check_length(
    what: &'static str,
    expected: usize,
    values: &[f32],
) -> Result<(), InputError> {
    if values.len() == expected {
        Ok(())
    } else {
        Err(InputError {
            what,
            expected,
            found: values.len(),
        })
    }
}
