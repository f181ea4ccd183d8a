//! Fine structure of a surface, by example: small pieces of what is seen, blended into a seamless tile.
//!
//! Pieces are laid in a grid with half their side of overlap and blended so that the variance is kept (Heitz and Neyret, High
//! performance by-example noise, 2018; the idea of pieces is Efros and Freeman's image quilting, 2001). Only what is finer than
//! a piece is taken: light and form come from elsewhere.

use crate::raster::{Color, Mask, Plane, Rgb8, XorShift, erode, gaussian};

use super::patch::Frame;

/// Side of the tile (full-size pixels); pieces of both sizes fit in evenly.
const TILE: usize = 256;
/// Side of a piece for large and for small pictures (full-size pixels).
const PIECE: usize = 32;
const SMALL_PIECE: usize = 16;
/// Below this shoulder width (full-size pixels) a picture is small.
const SMALL: f64 = 120.0;
/// What is coarser than this share of a piece is no fine structure.
const COARSE: f32 = 0.13;
/// Most pieces that are looked at, and fewest that make a tile.
const MOST: usize = 36;
const FEWEST: usize = 6;
/// Pieces are used whose strength lies between these shares of all: not the smeared ones, not the ones with an edge in them.
const STRENGTHS: (f64, f64) = (0.05, 0.45);
/// Largest relative difference that still is fine structure.
const STRONGEST: f32 = 0.09;
/// Seed of the choice of pieces.
const SEED: u64 = 7;

/// Relative RGB differences of a surface from its smooth colour, repeated seamlessly over the picture.
#[derive(Debug)]
pub(super) struct Texture {
    tile: Color,
}

impl Texture {
    /// Takes the structure of the surface under a work mask; none when too little of it is seen.
    pub(super) fn of(
        image: &Rgb8,
        surface: &Mask,
        shoulder_width: f64,
        frame: &Frame,
    ) -> Option<Self> {
        let large = shoulder_width * frame.factor().1 >= SMALL;
        let sizes: &[usize] = if large {
            &[PIECE, SMALL_PIECE]
        } else {
            &[SMALL_PIECE]
        };
        sizes.iter().find_map(|&side| {
            let pieces = pieces(image, surface, side, frame);
            (pieces.len() >= FEWEST).then(|| Self {
                tile: blended(&pieces, side),
            })
        })
    }

    /// Gives the relative differences at a full-size position.
    #[inline]
    pub(super) fn at(&self, x: usize, y: usize) -> [f32; 3] {
        self.tile[(x % TILE, y % TILE)]
    }
}

/// Cuts out the fine structure of usable pieces that lie on the surface altogether.
fn pieces(image: &Rgb8, surface: &Mask, side: usize, frame: &Frame) -> Vec<Color> {
    let (factor_x, factor_y) = frame.factor();
    let half = 0.75 * side as f64 / factor_x.min(factor_y);
    let centers = erode(surface, half + 1.0);
    let count = centers.count();
    let step = (count / MOST).max(1);
    let mut index = 0;
    let mut found: Vec<(f32, Color)> = Vec::new();
    for y in 0..centers.height() {
        for (x, &usable) in centers.row(y).iter().enumerate() {
            if !usable {
                continue;
            }
            index += 1;
            if index % step > 0 {
                continue;
            }
            let middle = (
                (x as f64 * factor_x) as usize,
                (y as f64 * factor_y) as usize,
            );
            found.extend(detail(image, middle, side));
        }
    }
    found.sort_by(|a, b| a.0.total_cmp(&b.0));
    let at = |share: f64| (found.len() as f64 * share) as usize;
    let (first, last) = (at(STRENGTHS.0), at(STRENGTHS.1));
    found.drain(first..last).map(|(_, piece)| piece).collect()
}

/// Cuts out one piece and what it differs from its surroundings by, with its strength; none at the picture's border.
fn detail(image: &Rgb8, middle: (usize, usize), side: usize) -> Option<(f32, Color)> {
    let margin = 3 * side / 8;
    let whole = side + 2 * margin;
    let x0 = middle.0.checked_sub(whole / 2)?;
    let y0 = middle.1.checked_sub(whole / 2)?;
    if x0 + whole > image.width() || y0 + whole > image.height() {
        return None;
    }
    let around: Color = image
        .crop(x0, y0, whole, whole)
        .map(|pixel| pixel.map(f32::from));
    let smooth = gaussian(&around, side as f32 * COARSE);
    let mut strength = 0.0;
    let piece = Plane::from_fn(side, side, |x, y| {
        let at = (x + margin, y + margin);
        let mut relative = [0.0; 3];
        for (part, (value, mean)) in relative
            .iter_mut()
            .zip(around[at].into_iter().zip(smooth[at]))
        {
            *part = ((value - mean) / mean.max(12.0)).clamp(-STRONGEST, STRONGEST);
        }
        relative
    });
    for value in piece.data() {
        strength += value[1] * value[1];
    }
    Some((strength, piece))
}

/// Blends randomly chosen and turned pieces into a tile that goes on seamlessly.
fn blended(pieces: &[Color], side: usize) -> Color {
    let mut random = XorShift::new(SEED);
    let mut sum = Plane::new(TILE, TILE, [0.0_f32; 3]);
    let mut squares = Plane::new(TILE, TILE, 0.0_f32);
    let window: Vec<f32> = (0..side)
        .map(|index| {
            let phase = (index as f32 + 0.5) / side as f32 * std::f32::consts::PI;
            phase.sin().powi(2)
        })
        .collect();
    let step = side / 2;
    for top in (0..TILE).step_by(step) {
        for left in (0..TILE).step_by(step) {
            let piece = &pieces[random.next_u32() as usize % pieces.len()];
            let turns = random.next_u32();
            let (flip_x, flip_y) = (turns & 1 == 1, turns & 2 == 2);
            for y in 0..side {
                for x in 0..side {
                    let source = (
                        if flip_x { side - 1 - x } else { x },
                        if flip_y { side - 1 - y } else { y },
                    );
                    let at = ((left + x) % TILE, (top + y) % TILE);
                    let weight = window[x] * window[y];
                    squares[at] += weight * weight;
                    for (sum, part) in sum[at].iter_mut().zip(piece[source]) {
                        *sum += part * weight;
                    }
                }
            }
        }
    }
    sum.zip_map(&squares, |sum, squares| {
        let scale = 1.0 / squares.max(1e-9).sqrt();
        sum.map(|part| part * scale)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raster::{normal_noise, to_rgb8};

    fn frame(side: usize) -> Frame {
        Frame {
            full: (side, side),
            work: (side / 2, side / 2),
        }
    }

    /// A grey surface with noise of 4 grey levels and a strong slope of light.
    fn noisy(side: usize) -> Rgb8 {
        let noise = normal_noise(side, side, 5);
        to_rgb8(&Plane::from_fn(side, side, |x, y| {
            [110.0 + 0.2 * x as f32 + 4.0 * noise[(x, y)]; 3]
        }))
    }

    fn deviation(values: impl Iterator<Item = f32>) -> f32 {
        let values: Vec<f32> = values.collect();
        (values.iter().map(|value| value * value).sum::<f32>() / values.len() as f32).sqrt()
    }

    #[test]
    fn the_tile_is_as_rough_as_the_surface_and_has_no_slope() {
        let surface = Plane::new(150, 150, true);
        let texture = Texture::of(&noisy(300), &surface, 100.0, &frame(300)).unwrap();
        let all = deviation(texture.tile.data().iter().map(|value| value[1]));
        assert!((0.020..0.036).contains(&all), "{all}");
        let smooth = gaussian(&texture.tile, 12.0);
        assert!(deviation(smooth.data().iter().map(|value| value[0])) < 0.004);
    }

    #[test]
    fn too_little_surface_has_no_texture() {
        let dot = Plane::from_fn(150, 150, |x, y| x < 8 && y < 8);
        assert!(Texture::of(&noisy(300), &dot, 100.0, &frame(300)).is_none());
        let nothing = Plane::new(0, 0, true);
        assert!(Texture::of(&noisy(300), &nothing, 100.0, &frame(300)).is_none());
    }
}
