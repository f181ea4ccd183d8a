//! Foreground cut by colour models and minimum cuts (Rother, Kolmogorov and Blake 2004).

mod flow;
mod mixture;

use rayon::prelude::*;

use super::mask::Mask;
use super::plane::{Gray, Plane, Rgb8};
use flow::{DIRECTIONS, Flow};
use mixture::{Mixture, MixtureKind, Sample};

/// Usual price of a border between neighbours of equal colour.
const GAMMA: f64 = 50.0;
/// Whole capacity units per unit of energy.
const UNITS: f64 = 1024.0;
/// Largest colour evidence of one pixel, in units of energy.
const MAX_EVIDENCE: f64 = 600.0;
/// Certain pixels per model that take part in learning; more are thinned out evenly.
const MAX_CERTAIN: usize = 24_000;
/// Pixels that one thread takes at least.
const MIN_SHARE: usize = 2048;

/// What is known about a pixel before the cut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Seed {
    /// Certainly background.
    #[default]
    Background,
    /// Background unless the cut says otherwise.
    ProbableBackground,
    /// Either; the colours are learned from other pixels first.
    Unknown,
    /// Foreground unless the cut says otherwise.
    ProbableForeground,
    /// Certainly foreground.
    Foreground,
}

impl Seed {
    fn is_foreground(self) -> bool {
        matches!(self, Self::ProbableForeground | Self::Foreground)
    }
}

/// What a cut knows and believes besides the trimap.
#[derive(Clone, Copy, Debug)]
pub struct CutOptions<'a> {
    /// Rounds of learning and cutting.
    pub iterations: usize,
    /// Normal distributions per side, 1 to 10.
    pub components: usize,
    /// Colours count where they were seen: least reach of a colour in pixels. None when a colour means the same everywhere.
    pub place_spread: Option<f32>,
    /// Price of a border between neighbours of equal colour, against evidence in natural logarithms.
    pub smoothness: f64,
    /// Belief before any colour was seen: logarithm of the odds of foreground for each pixel.
    pub prior: Option<&'a Gray>,
}

impl CutOptions<'_> {
    /// Gives the cut of Rother, Kolmogorov and Blake: five colours for each side, nothing else.
    pub const fn plain(iterations: usize) -> Self {
        Self {
            iterations,
            components: 5,
            place_spread: None,
            smoothness: GAMMA,
            prior: None,
        }
    }
}

/// Cuts the foreground out of a picture by its colours alone; see [`grab_cut_with`].
pub fn grab_cut(image: &Rgb8, trimap: &Plane<Seed>, iterations: usize) -> Mask {
    grab_cut_with(image, trimap, &CutOptions::plain(iterations))
}

/// Cuts the foreground out of a picture, starting from what `trimap` knows.
///
/// Every iteration learns one mixture of normal distributions for each side and then finds the cheapest border, which
/// follows edges of the picture between the 8 neighbours. Only pixels that are not certain can change. The result depends on the
/// input alone. When one side has no pixel at all, or the sizes differ, what the trimap holds for foreground comes back.
pub fn grab_cut_with(image: &Rgb8, trimap: &Plane<Seed>, options: &CutOptions) -> Mask {
    let mut foreground = trimap.map(Seed::is_foreground);
    if image.size() != trimap.size()
        || !foreground.any()
        || foreground.count() == foreground.data().len()
    {
        return foreground;
    }
    let problem = Problem::new(image, trimap);
    let mut sides: Vec<bool> = problem
        .pixels
        .iter()
        .map(|&pixel| foreground.data()[pixel])
        .collect();
    let mut flow = problem.build_flow(image, trimap, options.smoothness);
    let mut evidence = vec![0; sides.len()];
    let kind = MixtureKind {
        components: options.components,
        place_spread: options.place_spread,
    };
    let known: Vec<bool> = problem
        .pixels
        .iter()
        .map(|&pixel| trimap.data()[pixel] != Seed::Unknown)
        .collect();
    let mut models: [Mixture; 2] =
        on_both_sides(|side| Mixture::start(&problem.samples(&sides, Some(&known), side), kind));
    let mut known = Some(known);
    let prior = options.prior.filter(|prior| prior.size() == image.size());
    let belief = |pixel: usize| prior.map_or(0.0, |prior| f64::from(prior.data()[pixel]));
    for _ in 0..options.iterations {
        models = on_both_sides(|side| {
            models[usize::from(side)].learn(&problem.samples(&sides, known.as_deref(), side))
        });
        known = None;
        let [background, front] = &models;
        let wanted = problem
            .colors
            .par_iter()
            .zip(problem.pixels.par_iter())
            .with_min_len(MIN_SHARE)
            .map(|(color, &pixel)| {
                let place = problem.place(pixel);
                let [front, background] =
                    [front, background].map(|side| side.log_density(*color, place));
                let ratio = f64::from(front - background) + belief(pixel);
                (ratio.clamp(-MAX_EVIDENCE, MAX_EVIDENCE) * UNITS) as i32
            });
        for (node, wanted) in wanted.collect::<Vec<_>>().into_iter().enumerate() {
            // What earlier iterations pushed stays valid; only the difference is new.
            flow.add_source(node, wanted - evidence[node]);
            evidence[node] = wanted;
        }
        flow.run();
        for (node, side) in sides.iter_mut().enumerate() {
            *side = flow.is_source_side(node);
        }
    }
    for (&pixel, &side) in problem.pixels.iter().zip(&sides) {
        foreground.data_mut()[pixel] = side;
    }
    foreground
}

/// Makes something for background and foreground, side by side.
fn on_both_sides<T: Send>(make: impl Fn(bool) -> T + Sync) -> [T; 2] {
    rayon::join(|| make(false), || make(true)).into()
}

/// The pixels that may change and the thinned-out certain ones.
struct Problem {
    /// Width of the picture.
    width: usize,
    /// Linear index of every pixel that may change.
    pixels: Vec<usize>,
    colors: Vec<[f32; 3]>,
    /// Certain background and foreground.
    certain: [Vec<Sample>; 2],
}

impl Problem {
    fn new(image: &Rgb8, trimap: &Plane<Seed>) -> Self {
        let (mut pixels, mut certain) = (Vec::new(), [Vec::new(), Vec::new()]);
        for (index, seed) in trimap.data().iter().enumerate() {
            match seed {
                Seed::Background => certain[0].push(index),
                Seed::Foreground => certain[1].push(index),
                _ => pixels.push(index),
            }
        }
        let color = |index: usize| image.data()[index].map(f32::from);
        let certain = certain.map(|indices| {
            let step = indices.len().div_ceil(MAX_CERTAIN).max(1);
            indices
                .into_iter()
                .step_by(step)
                .map(|i| Sample {
                    color: color(i),
                    place: place_of(i, image.width()),
                    weight: step as f32,
                })
                .collect()
        });
        let colors = pixels.iter().map(|&index| color(index)).collect();
        Self {
            width: image.width(),
            pixels,
            colors,
            certain,
        }
    }

    fn place(&self, pixel: usize) -> [f32; 2] {
        place_of(pixel, self.width)
    }

    /// Colours of one side: its certain pixels and those that are there now, of these only known ones where some are not.
    fn samples(&self, sides: &[bool], known: Option<&[bool]>, side: bool) -> Vec<Sample> {
        let there = self
            .colors
            .iter()
            .zip(&self.pixels)
            .zip(sides)
            .enumerate()
            .filter(|(node, (_, current))| {
                **current == side && known.is_none_or(|known| known[*node])
            });
        let uncertain = there.map(|(_, ((color, pixel), _))| Sample {
            color: *color,
            place: self.place(*pixel),
            weight: 1.0,
        });
        self.certain[usize::from(side)]
            .iter()
            .copied()
            .chain(uncertain)
            .collect()
    }

    /// Links every pixel that may change with its neighbours; certain neighbours act like source and sink.
    fn build_flow(&self, image: &Rgb8, trimap: &Plane<Seed>, smoothness: f64) -> Flow {
        let beta = contrast_factor(image);
        let mut node_of_pixel = Plane::new(image.width(), image.height(), u32::MAX);
        for (node, &pixel) in self.pixels.iter().enumerate() {
            node_of_pixel.data_mut()[pixel] = node as u32;
        }
        let place = |pixel: usize| {
            let (x, y) = (pixel % image.width(), pixel / image.width());
            (x as isize, y as isize)
        };
        // The price of a border towards each neighbour; none outside of the picture.
        let prices_at = |&pixel: &usize| -> [Option<i32>; 8] {
            let (x, y) = place(pixel);
            DIRECTIONS.map(|(dx, dy)| {
                let other = image.get(x + dx, y + dy)?;
                let length = ((dx * dx + dy * dy) as f64).sqrt();
                let difference = f64::from(squared_difference(image.data()[pixel], other));
                Some((smoothness / length * (-beta * difference).exp() * UNITS) as i32)
            })
        };
        let pixels = self.pixels.par_iter().with_min_len(MIN_SHARE);
        let prices: Vec<[Option<i32>; 8]> = pixels.map(prices_at).collect();
        let mut flow = Flow::new(self.pixels.len());
        for (node, (&pixel, prices)) in self.pixels.iter().zip(&prices).enumerate() {
            let (x, y) = place(pixel);
            let neighbours = DIRECTIONS.into_iter().zip(prices).enumerate();
            for (direction, ((dx, dy), price)) in neighbours {
                let Some(price) = *price else { continue };
                let near = ((x + dx) as usize, (y + dy) as usize);
                match trimap[near] {
                    Seed::Foreground => flow.add_source(node, price),
                    Seed::Background => flow.add_source(node, -price),
                    _ => flow.link(node, direction, node_of_pixel[near] as usize, price),
                }
            }
        }
        flow
    }
}

/// Column and row of a linear index.
fn place_of(index: usize, width: usize) -> [f32; 2] {
    [(index % width) as f32, (index / width) as f32]
}

/// One over twice the mean squared colour difference of neighbours; 0 for a picture of one colour.
fn contrast_factor(image: &Rgb8) -> f64 {
    let (mut total, mut pairs) = (0_u64, 0_u64);
    for y in 0..image.height() {
        let row = image.row(y);
        let mut add = |a: &[[u8; 3]], b: &[[u8; 3]]| {
            let sum: u32 = a
                .iter()
                .zip(b)
                .map(|(a, b)| squared_difference(*a, *b))
                .sum();
            total += u64::from(sum);
            pairs += a.len().min(b.len()) as u64;
        };
        add(&row[1..], row);
        if y > 0 {
            let above = image.row(y - 1);
            add(row, above);
            add(&row[1..], above);
            add(row, &above[1..]);
        }
    }
    if total == 0 {
        0.0
    } else {
        pairs as f64 / (2 * total) as f64
    }
}

fn squared_difference(a: [u8; 3], b: [u8; 3]) -> u32 {
    let part = |i: usize| {
        let difference = i32::from(a[i]) - i32::from(b[i]);
        (difference * difference) as u32
    };
    part(0) + part(1) + part(2)
}

#[cfg(test)]
mod tests {
    use super::super::random::XorShift;
    use super::*;

    /// A noisy bright disc on a noisy dark ground.
    fn disc(size: usize) -> (Rgb8, Mask) {
        let mut random = XorShift::new(4);
        let middle = size as f64 / 2.0;
        let inside = Plane::from_fn(size, size, |x, y| {
            (x as f64 - middle).hypot(y as f64 - middle) < 0.3 * size as f64
        });
        let pixels = inside.data().iter().map(|inside| {
            let base = if *inside {
                [190.0, 120.0, 90.0]
            } else {
                [60.0, 70.0, 120.0]
            };
            base.map(|channel: f32| (channel + 12.0 * random.normal()) as u8)
        });
        (Plane::from_vec(size, size, pixels.collect()), inside)
    }

    #[test]
    fn a_disc_is_found_from_a_rough_rectangle() {
        let (image, inside) = disc(80);
        let trimap = Plane::from_fn(80, 80, |x, y| {
            if (8..72).contains(&x) && (8..72).contains(&y) {
                Seed::ProbableForeground
            } else {
                Seed::Background
            }
        });
        let cut = grab_cut(&image, &trimap, 4);
        let wrong = cut.zip_map(&inside, |a, b| a != b).count();
        assert!(wrong <= 8, "{wrong} pixels are wrong");
    }

    #[test]
    fn certain_pixels_never_change() {
        let (image, _) = disc(60);
        // Claims that contradict the colours.
        let trimap = Plane::from_fn(60, 60, |x, y| match (x, y) {
            (28..32, 28..32) => Seed::Background,
            (0..4, 0..4) => Seed::Foreground,
            (10..50, 10..50) => Seed::ProbableForeground,
            _ => Seed::ProbableBackground,
        });
        let cut = grab_cut(&image, &trimap, 2);
        assert!(!cut[(30, 30)] && cut[(1, 1)] && cut[(30, 22)] && !cut[(58, 30)]);
    }

    #[test]
    fn one_side_alone_is_left_as_it_is() {
        let (image, _) = disc(20);
        let all = Plane::new(20, 20, Seed::ProbableForeground);
        assert_eq!(grab_cut(&image, &all, 3).count(), 400);
        assert_eq!(
            grab_cut(&image, &Plane::new(20, 20, Seed::Background), 3).count(),
            0
        );
        assert_eq!(
            grab_cut(&image, &Plane::new(7, 3, Seed::Foreground), 3).count(),
            21
        );
    }

    #[test]
    fn no_iteration_gives_what_the_trimap_holds() {
        let (image, _) = disc(20);
        let trimap = Plane::from_fn(20, 20, |x, _| {
            if x < 6 {
                Seed::ProbableForeground
            } else {
                Seed::ProbableBackground
            }
        });
        assert_eq!(grab_cut(&image, &trimap, 0).count(), 120);
    }

    #[test]
    fn flat_pictures_are_cut_without_trouble() {
        let image = Plane::new(30, 30, [200; 3]);
        let trimap = Plane::from_fn(30, 30, |x, _| match x {
            0..10 => Seed::Background,
            10..20 => Seed::ProbableBackground,
            _ => Seed::Foreground,
        });
        let cut = grab_cut(&image, &trimap, 2);
        assert!(!cut[(5, 5)] && cut[(25, 5)]);
    }

    #[test]
    fn contrast_of_known_pictures() {
        assert!(contrast_factor(&Plane::new(5, 5, [9; 3])).abs() < 1e-12);
        // One pair with a squared difference of 3 * 2^2.
        let pair = Plane::from_vec(2, 1, vec![[10; 3], [12; 3]]);
        assert!((contrast_factor(&pair) - 1.0 / 24.0).abs() < 1e-12);
    }

    #[test]
    fn a_belief_decides_where_colours_say_nothing() {
        let image = Plane::new(30, 30, [120; 3]);
        let trimap = Plane::from_fn(30, 30, |x, _| match x {
            0 => Seed::Background,
            29 => Seed::Foreground,
            1..15 => Seed::ProbableBackground,
            _ => Seed::ProbableForeground,
        });
        let prior = Plane::from_fn(30, 30, |x, _| if x < 22 { -60.0 } else { 60.0 });
        let options = CutOptions {
            prior: Some(&prior),
            ..CutOptions::plain(2)
        };
        let cut = grab_cut_with(&image, &trimap, &options);
        assert!(!cut[(20, 15)] && cut[(23, 15)]);
    }
}
