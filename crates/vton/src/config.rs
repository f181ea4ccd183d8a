//! The sizes of the network.

use thiserror::Error;

use crate::preprocess::Size;

/// Colour channels of a picture.
pub const COLOURS: usize = 3;
/// Channels that the person's patches are made of: noise and person in colour, the pose in gray.
pub const PERSON_CHANNELS: usize = 2 * COLOURS + 1;
/// Channels that the garment's patches are made of: the garment in colour, its pose in gray.
pub const GARMENT_CHANNELS: usize = COLOURS + 1;
/// Kinds of garment that the networks know, without the null category.
pub const CATEGORIES: usize = 3;
/// Length of the sinusoidal embedding of the time.
pub const TIME_EMBEDDING: usize = 256;

/// Says how large a network is; everything else (names, shapes, buffers) follows from it.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Height of the canvas in pixels.
    pub height: usize,
    /// Width of the canvas in pixels.
    pub width: usize,
    /// Side of a square patch in pixels.
    pub patch: usize,
    /// Numbers per token.
    pub hidden: usize,
    /// Attention heads; each has `hidden / heads` numbers.
    pub heads: usize,
    /// Single-stream blocks that see the person's tokens alone, at the beginning.
    pub patch_mixers: usize,
    /// Blocks with weights of their own for person and garment.
    pub double_blocks: usize,
    /// Blocks on the joint sequence.
    pub single_blocks: usize,
    /// Width of the inner layer of an MLP, as a multiple of `hidden`.
    pub mlp_ratio: usize,
    /// Numbers of a head that turn with the (unused) first axis, the row and the column.
    pub rotary_axes: [usize; 3],
    /// Base of the rotary frequencies.
    pub rotary_base: f64,
}

/// Says why a [`Config`] describes no network.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ConfigError {
    /// A size is zero.
    #[error("`{0}` must not be zero")]
    Zero(&'static str),
    /// The canvas does not consist of whole patches.
    #[error("a canvas of {height}x{width} pixels does not consist of whole patches of {patch}")]
    Patch {
        /// Height of the canvas.
        height: usize,
        /// Width of the canvas.
        width: usize,
        /// Side of a patch.
        patch: usize,
    },
    /// The heads do not share the hidden size evenly.
    #[error("{hidden} numbers per token cannot be shared by {heads} heads")]
    Heads {
        /// Numbers per token.
        hidden: usize,
        /// Attention heads.
        heads: usize,
    },
    /// The rotary axes are odd or do not fill a head.
    #[error("the rotary axes {axes:?} must be even and add up to the head size {head_size}")]
    RotaryAxes {
        /// The axes as given.
        axes: [usize; 3],
        /// Numbers per head.
        head_size: usize,
    },
    /// The base of the rotary frequencies is not a positive number.
    #[error("the base of the rotary frequencies must be a positive number")]
    RotaryBase,
}

impl Config {
    /// The released network: 972 million parameters, canvas 864x576, 3456 tokens per picture.
    pub const fn fashn_vton_1_5() -> Self {
        Self {
            height: 864,
            width: 576,
            patch: 12,
            hidden: 1280,
            heads: 10,
            patch_mixers: 4,
            double_blocks: 8,
            single_blocks: 16,
            mlp_ratio: 4,
            rotary_axes: [16, 56, 56],
            rotary_base: 10_000.0,
        }
    }

    /// A tiny network with one block of each kind, for tests.
    pub const fn tiny_square() -> Self {
        Self {
            height: 48,
            width: 32,
            patch: 4,
            hidden: 64,
            heads: 2,
            patch_mixers: 1,
            double_blocks: 1,
            single_blocks: 1,
            mlp_ratio: 4,
            rotary_axes: [4, 14, 14],
            rotary_base: 10_000.0,
        }
    }

    /// A tiny network in which no two sizes are alike, for tests: a mix-up of rows, columns, heads or layers cannot cancel.
    pub const fn tiny_asym() -> Self {
        Self {
            height: 60,
            width: 36,
            patch: 6,
            hidden: 48,
            heads: 3,
            patch_mixers: 2,
            double_blocks: 3,
            single_blocks: 2,
            mlp_ratio: 2,
            rotary_axes: [4, 4, 8],
            rotary_base: 10_000.0,
        }
    }

    /// Checks that the sizes fit each other; every method below counts on it.
    pub fn validate(&self) -> Result<(), ConfigError> {
        for (name, value) in [
            ("height", self.height),
            ("width", self.width),
            ("patch", self.patch),
            ("hidden", self.hidden),
            ("heads", self.heads),
            ("mlp_ratio", self.mlp_ratio),
            ("single_blocks", self.single_blocks),
        ] {
            if value == 0 {
                return Err(ConfigError::Zero(name));
            }
        }
        if !self.height.is_multiple_of(self.patch) || !self.width.is_multiple_of(self.patch) {
            return Err(ConfigError::Patch {
                height: self.height,
                width: self.width,
                patch: self.patch,
            });
        }
        if !self.hidden.is_multiple_of(self.heads) {
            return Err(ConfigError::Heads {
                hidden: self.hidden,
                heads: self.heads,
            });
        }
        let odd = self.rotary_axes.iter().any(|size| size % 2 == 1);
        if odd || self.rotary_axes.iter().sum::<usize>() != self.head_size() {
            return Err(ConfigError::RotaryAxes {
                axes: self.rotary_axes,
                head_size: self.head_size(),
            });
        }
        if !self.rotary_base.is_finite() || self.rotary_base <= 0.0 {
            return Err(ConfigError::RotaryBase);
        }
        Ok(())
    }

    /// Rows of patches.
    pub const fn grid_rows(&self) -> usize {
        self.height / self.patch
    }

    /// Columns of patches.
    pub const fn grid_columns(&self) -> usize {
        self.width / self.patch
    }

    /// Tokens of one picture (person or garment).
    pub const fn tokens(&self) -> usize {
        self.grid_rows() * self.grid_columns()
    }

    /// Tokens of garment and person together.
    pub const fn joint_tokens(&self) -> usize {
        2 * self.tokens()
    }

    /// Size of the canvas.
    pub const fn canvas(&self) -> Size {
        Size::new(self.width, self.height)
    }

    /// Pixels of the canvas.
    pub const fn pixels(&self) -> usize {
        self.height * self.width
    }

    /// Numbers per head.
    pub const fn head_size(&self) -> usize {
        self.hidden / self.heads
    }

    /// Width of the inner layer of an MLP.
    pub const fn mlp(&self) -> usize {
        self.hidden * self.mlp_ratio
    }

    /// Numbers of a colour patch, the output of the last layer.
    pub const fn colour_patch(&self) -> usize {
        COLOURS * self.patch * self.patch
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_known_networks_are_valid() {
        for config in [
            Config::fashn_vton_1_5(),
            Config::tiny_square(),
            Config::tiny_asym(),
        ] {
            assert_eq!(config.validate(), Ok(()));
        }
        assert_eq!(Config::fashn_vton_1_5().joint_tokens(), 6912);
    }

    #[test]
    fn sizes_that_do_not_fit_are_refused() {
        let good = Config::tiny_square();
        let with = |change: fn(&mut Config)| {
            let mut config = good.clone();
            change(&mut config);
            config.validate()
        };
        assert_eq!(with(|c| c.heads = 0), Err(ConfigError::Zero("heads")));
        assert!(matches!(
            with(|c| c.width = 33),
            Err(ConfigError::Patch { width: 33, .. })
        ));
        assert!(matches!(
            with(|c| c.heads = 3),
            Err(ConfigError::Heads { heads: 3, .. })
        ));
        assert!(matches!(
            with(|c| c.rotary_axes = [4, 13, 15]),
            Err(ConfigError::RotaryAxes { .. })
        ));
        assert!(matches!(
            with(|c| c.rotary_axes = [4, 14, 16]),
            Err(ConfigError::RotaryAxes { .. })
        ));
        assert_eq!(
            with(|c| c.rotary_base = f64::NAN),
            Err(ConfigError::RotaryBase)
        );
    }
}
