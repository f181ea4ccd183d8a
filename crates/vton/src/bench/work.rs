//! How many floating-point operations the network asks for: two for each product that is summed up.

use crate::config::{Config, PERSON_CHANNELS};

/// Operations of a linear layer.
const fn linear(rows: usize, inputs: usize, outputs: usize) -> u64 {
    2 * (rows * inputs * outputs) as u64
}

/// Operations of an attention over all heads: scores and weighted sums.
const fn attention(queries: usize, keys: usize, hidden: usize) -> u64 {
    2 * linear(queries, hidden, keys)
}

/// Operations of a single block on `count` tokens, of which `active` are computed and the others looked at.
pub(super) fn single_block(config: &Config, count: usize, active: usize) -> u64 {
    let (hidden, mlp) = (config.hidden, config.mlp());
    linear(count, hidden, 3 * hidden)
        + attention(active, count, hidden)
        + linear(active, hidden, mlp)
        + linear(active, hidden + mlp, hidden)
}

/// Operations of a double block; both of its streams have matrices of the same sizes.
fn double_block(config: &Config) -> u64 {
    let (hidden, mlp, joint) = (config.hidden, config.mlp(), config.joint_tokens());
    linear(joint, hidden, 3 * hidden + hidden + mlp)
        + linear(joint, mlp, hidden)
        + attention(joint, joint, hidden)
}

/// Gives the operations of one pass through the network, without the modulations and the garment's embedding, which are prepared once.
pub(super) fn forward(config: &Config) -> u64 {
    let (tokens, joint) = (config.tokens(), config.joint_tokens());
    let patch = PERSON_CHANNELS * config.patch * config.patch;
    linear(tokens, patch, config.hidden)
        + config.patch_mixers as u64 * single_block(config, tokens, tokens)
        + config.double_blocks as u64 * double_block(config)
        + (config.single_blocks as u64 - 1) * single_block(config, joint, joint)
        + single_block(config, joint, tokens)
        + linear(tokens, config.hidden, config.colour_patch())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The released network's published figures: 13.2 TFLOP for a pass in full, 516 GFLOP for a block, the last one for half of the tokens.
    #[test]
    fn the_released_network_takes_what_is_known_of_it() {
        let config = Config::fashn_vton_1_5();
        let (tokens, joint) = (config.tokens(), config.joint_tokens());
        let block = single_block(&config, joint, joint);
        assert_eq!(block, double_block(&config));
        assert_eq!(block / 1_000_000_000, 516);
        assert_eq!(single_block(&config, tokens, tokens) / 1_000_000_000, 197);
        let saved = block - single_block(&config, joint, tokens);
        let in_full = (forward(&config) + saved) as f64 / 1e12;
        assert!((in_full - 13.2).abs() < 0.02, "{in_full}");
    }
}
