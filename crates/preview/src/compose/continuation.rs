//! Continues values smoothly from where they are known: a membrane, held back towards zero.
//!
//! The equation is that of gradient-domain cloning (Pérez, Gangnet and Blake, Poisson image editing, 2003) with the screening
//! term of Bhat et al. (2008): next to what is known the result equals it, further away it fades with a chosen length. Solved
//! coarse to fine (nested iteration), a few Jacobi sweeps per level.

use crate::raster::{Color, Gray, Mask, Plane};

/// Sweeps per level: few where sweeps are dear, on levels with a shorter side of more than [`COARSE`] pixels.
const FINE_SWEEPS: usize = 6;
const COARSE_SWEEPS: usize = 14;
const COARSE: usize = 64;
/// The coarsest level has at most this many pixels on its shorter side.
const COARSEST: usize = 4;

/// Continues `values` from the pixels of `known` to all others.
///
/// `fade` is the length after which a continued value has faded (pixels, per channel; infinity for none). Zero everywhere when
/// nothing is known.
pub(super) fn continued(values: &Color, known: &Mask, fade: [f32; 3]) -> Color {
    let weight = known.map(f32::from);
    let kept = values.zip_map(&weight, |value, weight| value.map(|part| part * weight));
    solve(&kept, &weight, fade.map(|length| 1.0 / (length * length)))
}

/// Solves one level, with the next coarser one as its first guess.
fn solve(values: &Color, weight: &Gray, screen: [f32; 3]) -> Color {
    let (width, height) = values.size();
    let mut guess = if width.min(height) <= COARSEST {
        Plane::new(width, height, [0.0; 3])
    } else {
        let (coarse_values, coarse_weight) = halved(values, weight);
        let coarse = solve(
            &coarse_values,
            &coarse_weight,
            screen.map(|part| part * 4.0),
        );
        doubled(&coarse, width, height)
    };
    let sweeps = if width.min(height) > COARSE {
        FINE_SWEEPS
    } else {
        COARSE_SWEEPS
    };
    for _ in 0..sweeps {
        guess = swept(&guess, values, weight, screen);
    }
    guess
}

/// Replaces every unknown value by the screened mean of its neighbours.
fn swept(guess: &Color, values: &Color, weight: &Gray, screen: [f32; 3]) -> Color {
    let (width, height) = guess.size();
    let mut next = Plane::new(width, height, [0.0; 3]);
    next.fill_rows(|y, row| {
        let above = guess.row(y.saturating_sub(1));
        let here = guess.row(y);
        let below = guess.row((y + 1).min(height - 1));
        for (x, value) in row.iter_mut().enumerate() {
            if weight[(x, y)] > 0.0 {
                *value = values[(x, y)];
                continue;
            }
            let (left, right) = (here[x.saturating_sub(1)], here[(x + 1).min(width - 1)]);
            for part in 0..3 {
                let sum = left[part] + right[part] + above[x][part] + below[x][part];
                value[part] = sum / (4.0 + screen[part]);
            }
        }
    });
    next
}

/// Averages what is known over blocks of two by two pixels.
fn halved(values: &Color, weight: &Gray) -> (Color, Gray) {
    let (width, height) = values.size();
    let (half_width, half_height) = (width.div_ceil(2), height.div_ceil(2));
    let mut coarse_weight = Plane::new(half_width, half_height, 0.0);
    let mut coarse = Plane::new(half_width, half_height, [0.0_f32; 3]);
    for y in 0..height {
        for x in 0..width {
            let at = (x / 2, y / 2);
            if weight[(x, y)] > 0.0 {
                coarse_weight[at] += 1.0;
                for (sum, part) in coarse[at].iter_mut().zip(values[(x, y)]) {
                    *sum += part;
                }
            }
        }
    }
    let mean = coarse.zip_map(&coarse_weight, |sum, weight: f32| {
        sum.map(|part| part / weight.max(1.0))
    });
    (mean, coarse_weight)
}

/// Enlarges twofold (bilinear).
fn doubled(coarse: &Color, width: usize, height: usize) -> Color {
    let (last_x, last_y) = (coarse.width() - 1, coarse.height() - 1);
    // A fine pixel lies a quarter of a coarse pixel off the centre of its block.
    let taps = |fine: usize, last: usize| {
        let near = (fine / 2).min(last);
        let far = if fine.is_multiple_of(2) {
            near.saturating_sub(1)
        } else {
            (near + 1).min(last)
        };
        (near, far)
    };
    Plane::from_fn(width, height, |x, y| {
        let ((x0, x1), (y0, y1)) = (taps(x, last_x), taps(y, last_y));
        let mut mixed = [0.0; 3];
        for (at, share) in [
            ((x0, y0), 0.5625),
            ((x1, y0), 0.1875),
            ((x0, y1), 0.1875),
            ((x1, y1), 0.0625),
        ] {
            for (sum, part) in mixed.iter_mut().zip(coarse[at]) {
                *sum += part * share;
            }
        }
        mixed
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEVER: [f32; 3] = [f32::INFINITY; 3];

    /// A square hole of 60 pixels in a picture whose values are known around it.
    fn hole() -> Mask {
        Plane::from_fn(100, 90, |x, y| {
            !((20..80).contains(&x) && (15..75).contains(&y))
        })
    }

    #[test]
    fn a_slope_goes_on_through_the_hole() {
        let slope = Plane::from_fn(100, 90, |x, y| [0.3 * x as f32 - 0.1 * y as f32, 7.0, -1.0]);
        let filled = continued(&slope, &hole(), NEVER);
        for (value, expected) in filled.data().iter().zip(slope.data()) {
            for (value, expected) in value.iter().zip(expected) {
                assert!((value - expected).abs() < 0.5, "{value} for {expected}");
            }
        }
    }

    #[test]
    fn known_values_stay_and_continued_ones_fade() {
        let flat = Plane::new(100, 90, [10.0; 3]);
        let filled = continued(&flat, &hole(), [5.0, 20.0, f32::INFINITY]);
        assert!((filled[(3, 3)][0] - 10.0).abs() < 1e-6);
        let [short, long, never] = filled[(50, 45)];
        assert!(short < 0.5 && long > 1.5 && long < 8.0 && never > 9.5);
        let rim = filled[(20, 45)];
        assert!(rim[1] > 9.0, "continuous at the rim: {rim:?}");
    }

    #[test]
    fn nothing_known_or_nothing_there_gives_zero() {
        let empty = continued(&Plane::new(0, 0, [1.0; 3]), &Plane::new(0, 0, true), NEVER);
        assert_eq!(empty.size(), (0, 0));
        let blind = continued(
            &Plane::new(9, 30, [1.0; 3]),
            &Plane::new(9, 30, false),
            NEVER,
        );
        assert!(blind.data().iter().flatten().all(|part| *part == 0.0));
    }
}
