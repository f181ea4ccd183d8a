//! How long a pass through the network takes here, without doing one.

use std::time::{Duration, Instant};

use super::work;
use crate::backend::Backend;
use crate::model::condition::{Category, Condition};
use crate::model::{Model, Workspace};
use crate::weights::WeightsError;

/// Rounds of which the fastest counts: the first one also meets cold caches.
const ROUNDS: usize = 2;

/// Estimates the wall time of a pass on the caller's threads from that of one single block.
///
/// Takes about a tenth of a pass. Fails where the weights cannot be read.
pub fn expected_pass<B: Backend>(
    model: &Model<B>,
    work: &mut Workspace<B>,
) -> Result<Duration, WeightsError> {
    let condition = Condition {
        time: 0.5,
        category: Some(Category::Tops),
    };
    let modulations = model.modulations(&[condition])?;
    let Some(modulations) = modulations.first() else {
        return Ok(Duration::ZERO);
    };
    let mut block = Duration::MAX;
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        model.run_single_block(0, modulations, work);
        block = block.min(begun.elapsed());
    }
    let config = model.config();
    let joint = config.joint_tokens();
    let blocks = work::forward(config) as f64 / work::single_block(config, joint, joint) as f64;
    Ok(block.mul_f64(blocks))
}
