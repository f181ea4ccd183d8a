//! Does a made picture show the same things at the same places as the original?

use super::plane::Plane;

/// Side of a block that is compared, in pixels.
const BLOCK: usize = 24;
/// Farthest shift that is looked for, in pixels.
const REACH: i32 = 5;
/// Least spread (standard deviation, levels) of a block that has something to compare.
const LEAST_TEXTURE: f32 = 5.0;
/// Correlation from which on two blocks show the same thing.
const SAME: f32 = 0.88;

/// What the blocks of two pictures say.
#[derive(Debug, Clone)]
pub(super) struct Alignment {
    /// Blocks with something to compare.
    pub(super) textured: usize,
    /// Blocks that show the same thing in both, perhaps shifted: left edge and upper edge.
    pub(super) same: Vec<(usize, usize)>,
    /// Median shift of these in pixels, to the right and down, as the made picture has it.
    pub(super) shift: (f32, f32),
    /// Share of these that are shifted by less than a pixel and a half.
    pub(super) still_share: f32,
}

/// Side of a block.
pub(super) fn block_side() -> usize {
    BLOCK
}

/// Compares two luminance planes of the same size block by block.
pub(super) fn align(original: &Plane, made: &Plane) -> Alignment {
    let reach = REACH as usize;
    let mut textured = 0;
    let mut same = Vec::new();
    let mut shifts = Vec::new();
    let last = |side: usize| side.saturating_sub(BLOCK + reach);
    for top in (reach..last(original.height)).step_by(BLOCK) {
        for left in (reach..last(original.width)).step_by(BLOCK) {
            let block = Block::new(original, left, top);
            if block.spread < LEAST_TEXTURE {
                continue;
            }
            textured += 1;
            if let Some(shift) = block.find_in(made) {
                same.push((left, top));
                shifts.push(shift);
            }
        }
    }
    let median = |part: fn(&(f32, f32)) -> f32| {
        let mut values: Vec<f32> = shifts.iter().map(part).collect();
        values.sort_by(f32::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or(0.0)
    };
    let still = shifts.iter().filter(|(x, y)| x.hypot(*y) < 1.5).count();
    Alignment {
        textured,
        shift: (median(|shift| shift.0), median(|shift| shift.1)),
        still_share: still as f32 / shifts.len().max(1) as f32,
        same,
    }
}

/// A block of the original, its mean taken away.
struct Block {
    left: usize,
    top: usize,
    values: Vec<f32>,
    spread: f32,
}

impl Block {
    fn new(plane: &Plane, left: usize, top: usize) -> Self {
        let (values, spread) = normalised(plane, left, top);
        Self {
            left,
            top,
            values,
            spread,
        }
    }

    /// Where the block lies in another picture, as a shift to a fraction of a pixel; none when it is not there.
    fn find_in(&self, made: &Plane) -> Option<(f32, f32)> {
        let at = |dx: i32, dy: i32| {
            let left = self.left.checked_add_signed(dx as isize)?;
            let top = self.top.checked_add_signed(dy as isize)?;
            Some(self.correlation(made, left, top))
        };
        let mut best = (f32::MIN, 0, 0);
        for dy in -REACH..=REACH {
            for dx in -REACH..=REACH {
                let found = at(dx, dy)?;
                if found > best.0 {
                    best = (found, dx, dy);
                }
            }
        }
        let (peak, dx, dy) = best;
        if peak < SAME || dx.abs() == REACH || dy.abs() == REACH {
            return None;
        }
        let x = dx as f32 + vertex(at(dx - 1, dy)?, peak, at(dx + 1, dy)?);
        let y = dy as f32 + vertex(at(dx, dy - 1)?, peak, at(dx, dy + 1)?);
        Some((x, y))
    }

    fn correlation(&self, made: &Plane, left: usize, top: usize) -> f32 {
        let (values, spread) = normalised(made, left, top);
        let product: f32 = self.values.iter().zip(&values).map(|(a, b)| a * b).sum();
        product / ((BLOCK * BLOCK) as f32 * self.spread * spread).max(f32::EPSILON)
    }
}

/// Where a parabola through three values at -1, 0 and 1 has its top.
fn vertex(before: f32, peak: f32, after: f32) -> f32 {
    let bend = 2.0 * peak - before - after;
    if bend <= f32::EPSILON {
        return 0.0;
    }
    ((after - before) / (2.0 * bend)).clamp(-0.5, 0.5)
}

/// A block with its mean taken away, and its standard deviation.
fn normalised(plane: &Plane, left: usize, top: usize) -> (Vec<f32>, f32) {
    let rows = (top..top + BLOCK).map(|y| &plane.values[y * plane.width + left..][..BLOCK]);
    let mut values: Vec<f32> = rows.flatten().copied().collect();
    let mean = values.iter().sum::<f32>() / values.len() as f32;
    for value in &mut values {
        *value -= mean;
    }
    let variance = values.iter().map(|value| value * value).sum::<f32>() / values.len() as f32;
    (values, variance.sqrt())
}
