//! Where the body of an upright person is to be expected, given the face: seeds and odds for a graph cut.
//!
//! Three half widths per height stand for what nobody lacks, for a mean body with hanging arms, and for what nobody reaches
//! (long hair, hands on hips, wide skirts). They were read off some twenty standing people, clothed, and are not fine.

use super::FaceBox;
use crate::raster::{Gray, Plane, Seed, interp};

/// Logarithm of the odds of "person" where everybody has body, and (negative) where nobody has.
const SURE: f64 = 3.0;

/// From here down (face sizes) legs may part, and from there on nothing in the middle is certain.
const LEGS_PART: (f64, f64) = (4.2, 5.0);
/// Above this height (face sizes) there are no gaps.
const HEAD_ENDS: f64 = 0.7;
/// Odds that are left between parted legs.
const BETWEEN_LEGS: f64 = 0.25;

/// Between these multiples of the mean half width arms, gaps and background mix.
const UNKNOWN: (f64, f64) = (0.6, 1.1);

/// Heights under the face's centre and half widths, both in face sizes.
struct Profile {
    heights: &'static [f64],
    half_widths: &'static [f64],
}

const CORE: Profile = Profile {
    heights: &[
        -0.68, -0.6, -0.4, 0.0, 0.3, 0.6, 0.9, 1.05, 1.25, 2.0, 3.0, 3.8, 4.2,
    ],
    half_widths: &[
        0.0, 0.2, 0.33, 0.36, 0.3, 0.15, 0.12, 0.22, 0.45, 0.5, 0.42, 0.3, 0.0,
    ],
};
const MEAN: Profile = Profile {
    heights: &[
        -0.9, -0.8, -0.6, -0.4, 0.0, 0.3, 0.6, 0.8, 1.0, 1.2, 1.4, 2.6, 3.4, 4.4, 5.0, 6.0, 8.0,
        9.3, 9.8,
    ],
    half_widths: &[
        0.0, 0.3, 0.45, 0.52, 0.53, 0.45, 0.4, 0.55, 0.95, 1.12, 1.2, 1.26, 1.32, 1.4, 1.3, 1.0,
        0.8, 0.7, 0.0,
    ],
};
const ENVELOPE: Profile = Profile {
    heights: &[
        -1.2, -1.0, -0.7, 0.0, 0.5, 0.8, 1.0, 1.4, 2.0, 3.0, 4.5, 6.0, 9.0, 10.2, 10.6,
    ],
    half_widths: &[
        0.0, 0.55, 0.8, 0.92, 1.0, 1.4, 1.7, 2.1, 2.5, 2.4, 2.2, 2.0, 1.7, 1.3, 0.0,
    ],
};

impl Profile {
    /// Half width at a height; negative beyond the ends.
    fn at(&self, down: f64) -> f64 {
        match (self.heights.first(), self.heights.last()) {
            (Some(first), Some(last)) if down > *first && down < *last => {
                interp(down, self.heights, self.half_widths)
            }
            _ => -1.0,
        }
    }
}

/// The body to be expected under a face.
#[derive(Debug, Clone, Copy)]
pub(super) struct BodyPrior {
    pub(super) face: FaceBox,
    /// Width of the mean body in relation to the usual one.
    pub(super) stoutness: f64,
    /// Weight of the odds; 1 takes them at their word.
    pub(super) weight: f64,
}

impl BodyPrior {
    /// Expects a body of usual width.
    pub(super) const fn usual(face: FaceBox) -> Self {
        Self {
            face,
            stoutness: 1.0,
            weight: 1.0,
        }
    }

    fn place(&self, x: usize, y: usize) -> (f64, f64) {
        let across = (x as f64 - self.face.center.x) / self.face.size;
        (
            across.abs(),
            (y as f64 - self.face.center.y) / self.face.size,
        )
    }

    fn mean_half_width(&self, down: f64) -> f64 {
        let stoutness = if down > 0.7 { self.stoutness } else { 1.0 };
        MEAN.at(down) * stoutness
    }

    /// Gives the seed of every pixel of a picture of some size.
    pub(super) fn seeds(&self, width: usize, height: usize) -> Plane<Seed> {
        Plane::from_fn(width, height, |x, y| {
            let (across, down) = self.place(x, y);
            if across < CORE.at(down) {
                Seed::Foreground
            } else if self.is_out_of_reach(x, y) {
                Seed::Background
            } else {
                let mean = self.mean_half_width(down);
                let least = if down > LEGS_PART.1 { 0.2 } else { 0.0 };
                if across >= UNKNOWN.1 * mean {
                    Seed::ProbableBackground
                } else if across > least * mean && across < UNKNOWN.0 * mean {
                    Seed::ProbableForeground
                } else {
                    Seed::Unknown
                }
            }
        })
    }

    /// Tells whether no part of the body reaches a pixel.
    pub(super) fn is_out_of_reach(&self, x: usize, y: usize) -> bool {
        let (across, down) = self.place(x, y);
        across > ENVELOPE.at(down)
    }

    /// Gives the logarithm of the odds of "person" for every pixel.
    pub(super) fn log_odds(&self, width: usize, height: usize) -> Gray {
        Plane::from_fn(width, height, |x, y| {
            let (across, down) = self.place(x, y);
            let (core, mean, envelope) =
                (CORE.at(down), self.mean_half_width(down), ENVELOPE.at(down));
            let inside = (mean - across) / (mean - core.max(0.0)).max(0.1);
            let outside = (across - mean.max(0.0)) / (envelope - mean).max(0.1);
            let odds = if across < mean {
                // Between arm and body there is often a gap: outside the trunk belief falls at once.
                let legs = ((down - LEGS_PART.0) / (LEGS_PART.1 - LEGS_PART.0)).clamp(0.0, 1.0);
                SURE * inside.min(1.0).powi(if down < HEAD_ENDS { 1 } else { 3 })
                    * (1.0 - (1.0 - BETWEEN_LEGS) * legs)
            } else {
                -SURE * outside.min(1.0).powf(0.8)
            };
            (self.weight * odds.clamp(-SURE, SURE)) as f32
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raster::Point;

    const PRIOR: BodyPrior = BodyPrior {
        face: FaceBox {
            center: Point { x: 100.0, y: 50.0 },
            size: 40.0,
        },
        stoutness: 1.0,
        weight: 1.0,
    };

    #[test]
    fn expects_head_and_trunk_and_nothing_far_away() {
        let seeds = PRIOR.seeds(200, 300);
        assert_eq!(seeds[(100, 50)], Seed::Foreground);
        assert_eq!(seeds[(100, 130)], Seed::Foreground);
        assert_eq!(seeds[(125, 130)], Seed::ProbableForeground);
        assert_eq!(seeds[(140, 130)], Seed::Unknown);
        assert_eq!(seeds[(10, 50)], Seed::Background);
        assert_eq!(seeds[(100, 0)], Seed::Background);
    }

    #[test]
    fn odds_fall_from_the_trunk_outwards() {
        let odds = PRIOR.log_odds(200, 300);
        for y in [50, 100, 130, 200] {
            for x in 100..199 {
                assert!(odds[(x + 1, y)] <= odds[(x, y)], "({x}, {y})");
            }
            assert!(odds[(100, y)] > 2.0 && odds[(199, y)] < -2.0, "{y}");
        }
    }
}
