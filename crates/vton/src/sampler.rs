//! From noise to a picture: a few Euler steps along the velocity that the network gives.
//!
//! Guidance (Ho and Salimans 2022) compares two velocities, one that follows the pictures and one of the null branch that does not see them,
//! and goes further in the direction of the first. Where the null branch would have no weight it is not computed.

pub mod schedule;

use std::ops::ControlFlow;

use thiserror::Error;

use crate::backend::Backend;
use crate::config::COLOURS;
use crate::model::condition::{Category, Condition};
use crate::model::{InputError, Model, Pictures, Workspace, check_length};
use crate::weights::WeightsError;

/// How a picture is sampled.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// Number of Euler steps.
    pub steps: usize,
    /// Weight of the velocity that follows the pictures; 1 means no guidance.
    pub guidance: f32,
    /// Steps at the end that go without guidance.
    pub unguided_last_steps: usize,
}

impl Settings {
    /// The reference's settings for a number of steps: guidance 1.5, the last step without it.
    pub const fn with_steps(steps: usize) -> Self {
        Self {
            steps,
            guidance: 1.5,
            unguided_last_steps: 1,
        }
    }

    /// Number of steps that need the null branch; they come first.
    #[expect(
        clippy::float_cmp,
        reason = "exactly 1 makes the null branch drop out of the formula"
    )]
    pub fn guided_steps(&self) -> usize {
        if self.guidance == 1.0 {
            0
        } else {
            self.steps.saturating_sub(self.unguided_last_steps)
        }
    }

    /// The conditions of all passes: first those that follow the pictures, then those of the null branch, each in the order of the
    /// steps.
    pub fn conditions(&self, category: Category) -> Vec<Condition> {
        let times = schedule::times(self.steps);
        let followed = times[..self.steps].iter().map(|&time| Condition {
            time,
            category: Some(category),
        });
        let null = times[..self.guided_steps()].iter().map(|&time| Condition {
            time,
            category: None,
        });
        followed.chain(null).collect()
    }

    /// Number of passes through the network.
    pub fn forwards(&self) -> usize {
        self.steps + self.guided_steps()
    }
}

/// The state after a step.
#[derive(Debug, Clone, Copy)]
pub struct Progress<'a> {
    /// Steps done, from 1.
    pub step: usize,
    /// Steps in all.
    pub steps: usize,
    /// Passes through the network done.
    pub forwards: usize,
    /// The picture so far, planes [channel, y, x], not clamped.
    pub state: &'a [f32],
}

/// A finished sampling.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// The picture, planes [channel, y, x], not clamped; see [`crate::preprocess::to_levels`].
    pub state: Vec<f32>,
    /// Passes through the network that it took.
    pub forwards: usize,
}

/// Says why there is no picture.
#[derive(Debug, Error)]
pub enum SampleError {
    /// The caller asked to stop.
    #[error("cancelled after {step} of {steps} steps")]
    Cancelled {
        /// Steps that were done.
        step: usize,
        /// Steps in all.
        steps: usize,
    },
    /// The settings ask for no step at all.
    #[error("a picture takes at least one step")]
    NoSteps,
    /// The guidance is no finite number.
    #[error("the guidance must be a finite number")]
    Guidance,
    /// A picture or the noise has another size than the canvas.
    #[error("an input does not fit the network")]
    Input(#[from] InputError),
    /// The weights could not be read.
    #[error("the weights could not be read")]
    Weights(#[from] WeightsError),
}

/// Samples a picture from `noise`, three planes [channel, y, x] of normally distributed numbers.
///
/// `after_step` is called after every step; when it breaks before the last one, the sampling ends with [`SampleError::Cancelled`]. The result
/// depends on the arguments and the backend alone.
pub fn sample<B: Backend>(
    model: &Model<B>,
    pictures: Pictures<'_>,
    category: Category,
    noise: &[f32],
    settings: Settings,
    after_step: &mut dyn FnMut(Progress<'_>) -> ControlFlow<()>,
) -> Result<Sample, SampleError> {
    let mut work = model.workspace();
    sample_in(
        &mut work, model, pictures, category, noise, settings, after_step,
    )
}

/// Samples as [`sample`] does, in buffers that outlive the picture: a server takes the memory before it promises anything.
pub fn sample_in<B: Backend>(
    work: &mut Workspace<B>,
    model: &Model<B>,
    pictures: Pictures<'_>,
    category: Category,
    noise: &[f32],
    settings: Settings,
    after_step: &mut dyn FnMut(Progress<'_>) -> ControlFlow<()>,
) -> Result<Sample, SampleError> {
    if settings.steps == 0 {
        return Err(SampleError::NoSteps);
    }
    if !settings.guidance.is_finite() {
        return Err(SampleError::Guidance);
    }
    let length = COLOURS * model.config().pixels();
    check_length("noise", length, noise)?;
    let steps = settings.steps;
    let guided = settings.guided_steps();
    let branch = model.branch(pictures, work)?;
    let null = (guided > 0).then(|| model.null_branch(work));

    let times = schedule::times(steps);
    let modulations = model.modulations(&settings.conditions(category))?;
    let (modulations, null_modulations) = modulations.split_at(steps);

    let mut state = noise.to_vec();
    let mut velocity = vec![0.0; length];
    let mut null_velocity = vec![0.0; length];
    let mut forwards = 0;
    for step in 0..steps {
        model.forward(&branch, &state, &modulations[step], work, &mut velocity)?;
        forwards += 1;
        if let (Some(null), Some(modulations)) = (&null, null_modulations.get(step)) {
            model.forward(null, &state, modulations, work, &mut null_velocity)?;
            forwards += 1;
            guide(&mut velocity, &null_velocity, settings.guidance);
        }
        let length = schedule::step_length(times[step], times[step + 1]);
        for (value, velocity) in state.iter_mut().zip(&velocity) {
            *value += length * velocity;
        }
        let done = step + 1;
        let answer = after_step(Progress {
            step: done,
            steps,
            forwards,
            state: &state,
        });
        if answer.is_break() && done < steps {
            return Err(SampleError::Cancelled { step: done, steps });
        }
    }
    Ok(Sample { state, forwards })
}

/// Goes from the null velocity in the direction of the one that follows the pictures, `guidance` times as far.
fn guide(velocity: &mut [f32], null: &[f32], guidance: f32) {
    for (value, null) in velocity.iter_mut().zip(null) {
        *value = null + guidance * (*value - null);
    }
}
