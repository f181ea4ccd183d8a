//! Parts of pictures, and the way between work size and full size.

use crate::raster::{Bounds, Gray, Mask, Plane, Point, Rgb8, Sample, gaussian_mask};

/// Blur of a work mask before it is enlarged (work pixels), so that no staircase shows.
const SOFTEN: f32 = 1.1;
/// Work pixels around a mask that its softened edge can reach.
const SOFT_REACH: usize = 5;
/// Slope with which a softened mask is sharpened again.
const SHARPEN: f32 = 2.4;

/// Knows the size of a picture and of its work copy.
///
/// Pixel centres are whole numbers in both; a full-size position is `(work + 0.5) * factor - 0.5`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame {
    /// Width and height of the full-size picture.
    pub(crate) full: (usize, usize),
    /// Width and height of the work copy.
    pub(crate) work: (usize, usize),
}

impl Frame {
    /// Full-size pixels per work pixel, across and down.
    pub(crate) fn factor(&self) -> (f64, f64) {
        let ratio = |full: usize, work: usize| full.max(1) as f64 / work.max(1) as f64;
        (
            ratio(self.full.0, self.work.0),
            ratio(self.full.1, self.work.1),
        )
    }

    /// Moves a work position to the full-size picture.
    pub(crate) fn to_full(self, point: Point) -> Point {
        let (x, y) = self.factor();
        Point::new((point.x + 0.5) * x - 0.5, (point.y + 0.5) * y - 0.5)
    }

    /// Moves a full-size position to the work copy.
    pub(crate) fn to_work(self, point: Point) -> Point {
        let (x, y) = self.factor();
        Point::new((point.x + 0.5) / x - 0.5, (point.y + 0.5) / y - 0.5)
    }

    /// Gives the part of the full-size picture that some work pixels and `margin` work pixels around them cover.
    pub(crate) fn window(&self, bounds: Bounds, margin: f64) -> Window {
        let (x, y) = self.factor();
        let low =
            |edge: usize, factor: f64| ((edge as f64 - margin) * factor).floor().max(0.0) as usize;
        let high = |edge: usize, factor: f64| {
            ((edge as f64 + 1.0 + margin) * factor).ceil().max(0.0) as usize
        };
        Window::between(
            (low(bounds.x0, x), low(bounds.y0, y)),
            (high(bounds.x1, x), high(bounds.y1, y)),
            self.full,
        )
    }

    /// Gives the part of the full-size picture around full-size points, `margin` full-size pixels included.
    pub(crate) fn window_around(&self, points: &[Point], margin: f64) -> Window {
        let edge = |part: fn(&Point) -> f64, pick: fn(f64, f64) -> f64| {
            points.iter().map(part).reduce(pick).unwrap_or(0.0)
        };
        let low = |value: f64| (value - margin).floor().max(0.0) as usize;
        let high = |value: f64| (value + margin + 1.0).ceil().max(0.0) as usize;
        Window::between(
            (low(edge(|p| p.x, f64::min)), low(edge(|p| p.y, f64::min))),
            (high(edge(|p| p.x, f64::max)), high(edge(|p| p.y, f64::max))),
            self.full,
        )
    }
}

/// A rectangle of the full-size picture; may be empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Window {
    /// First column.
    pub(crate) x0: usize,
    /// First row.
    pub(crate) y0: usize,
    /// Number of columns.
    pub(crate) width: usize,
    /// Number of rows.
    pub(crate) height: usize,
}

impl Window {
    /// Makes the window between two corners (the second one excluded), cut to a picture of size `limit`.
    pub(crate) fn between(
        low: (usize, usize),
        high: (usize, usize),
        limit: (usize, usize),
    ) -> Self {
        let (x1, y1) = (high.0.min(limit.0), high.1.min(limit.1));
        let (x0, y0) = (low.0.min(x1), low.1.min(y1));
        let window = Self {
            x0,
            y0,
            width: x1 - x0,
            height: y1 - y0,
        };
        if window.is_empty() {
            Self::default()
        } else {
            window
        }
    }

    /// Tells whether the window holds no pixel.
    pub(crate) fn is_empty(&self) -> bool {
        self.width == 0 || self.height == 0
    }

    /// Gives the first column behind the window.
    pub(crate) fn x1(&self) -> usize {
        self.x0 + self.width
    }

    /// Gives the first row behind the window.
    pub(crate) fn y1(&self) -> usize {
        self.y0 + self.height
    }

    /// Gives the smallest window around both.
    pub(crate) fn union(&self, other: &Self) -> Self {
        if self.is_empty() {
            return *other;
        }
        if other.is_empty() {
            return *self;
        }
        let high = (self.x1().max(other.x1()), self.y1().max(other.y1()));
        Self::between((self.x0.min(other.x0), self.y0.min(other.y0)), high, high)
    }

    /// Gives what both have in common.
    pub(crate) fn intersection(&self, other: &Self) -> Self {
        let high = (self.x1().min(other.x1()), self.y1().min(other.y1()));
        Self::between((self.x0.max(other.x0), self.y0.max(other.y0)), high, high)
    }

    /// Grows the window by `margin` pixels on every side, cut to a picture of size `limit`.
    pub(crate) fn grown(&self, margin: usize, limit: (usize, usize)) -> Self {
        if self.is_empty() {
            return *self;
        }
        let low = (
            self.x0.saturating_sub(margin),
            self.y0.saturating_sub(margin),
        );
        Self::between(low, (self.x1() + margin, self.y1() + margin), limit)
    }
}

/// Samples of a part of a picture; positions are those of the whole picture.
#[derive(Debug, Clone)]
pub(crate) struct Patch<T> {
    window: Window,
    plane: Plane<T>,
}

/// Strength 0..1 per pixel of a part of the full-size picture, 0 elsewhere.
pub(crate) type SoftMask = Patch<f32>;

/// One row of a patch.
#[derive(Clone, Copy)]
pub(crate) struct PatchRow<'a, T> {
    first: usize,
    samples: &'a [T],
}

impl<T: Copy + Default> PatchRow<'_, T> {
    /// Reads the sample in a column of the picture; the default outside the patch.
    #[inline]
    pub(crate) fn at(&self, x: usize) -> T {
        // Columns left of the patch wrap around to huge numbers.
        self.samples
            .get(x.wrapping_sub(self.first))
            .copied()
            .unwrap_or_default()
    }
}

impl<T: Copy + Default + Send + Sync> Patch<T> {
    /// Makes a patch without pixels.
    pub(crate) fn empty() -> Self {
        Self {
            window: Window::default(),
            plane: Plane::new(0, 0, T::default()),
        }
    }

    /// Computes every sample from its position in the whole picture.
    pub(crate) fn from_fn(window: Window, sample: impl Fn(usize, usize) -> T + Sync) -> Self {
        Self::from_rows(window, |y, row| {
            for (x, value) in row.iter_mut().enumerate() {
                *value = sample(window.x0 + x, y);
            }
        })
    }

    /// Lets `fill` write every row; it gets the row's number in the whole picture.
    pub(crate) fn from_rows(window: Window, fill: impl Fn(usize, &mut [T]) + Sync) -> Self {
        let mut plane = Plane::new(window.width, window.height, T::default());
        plane.fill_rows(|y, row| fill(window.y0 + y, row));
        Self { window, plane }
    }

    /// Gives the place of the patch.
    pub(crate) fn window(&self) -> Window {
        self.window
    }

    /// Gives a row by its number in the whole picture; an empty one outside the patch.
    #[inline]
    pub(crate) fn row(&self, y: usize) -> PatchRow<'_, T> {
        let inside = y >= self.window.y0 && y < self.window.y1();
        let samples = if inside {
            self.plane.row(y - self.window.y0)
        } else {
            &[]
        };
        PatchRow {
            first: self.window.x0,
            samples,
        }
    }

    /// Lets `change` rewrite every row; it gets the row's number in the whole picture.
    pub(crate) fn change_rows(&mut self, change: impl Fn(usize, &mut [T]) + Sync) {
        let first = self.window.y0;
        self.plane.fill_rows(|y, row| change(first + y, row));
    }

    /// Lets `change` rewrite the common part with a window; it gets row number, part of the row and first column, all in terms
    /// of the whole picture.
    pub(crate) fn change_part(
        &mut self,
        window: Window,
        change: impl Fn(usize, &mut [T], usize) + Sync,
    ) {
        let common = self.window.intersection(&window);
        if common.is_empty() {
            return;
        }
        let (first_row, columns) = (
            self.window.y0,
            common.x0 - self.window.x0..common.x1() - self.window.x0,
        );
        self.plane.fill_rows(|y, row| {
            let y = first_row + y;
            if y >= common.y0 && y < common.y1() {
                change(y, &mut row[columns.clone()], common.x0);
            }
        });
    }

    /// Copies the part of the patch that lies in a window; defaults where the patch ends.
    pub(crate) fn cut(&self, window: Window) -> Self {
        Self::from_rows(window, |y, row| {
            let source = self.row(y);
            for (x, value) in row.iter_mut().enumerate() {
                *value = source.at(window.x0 + x);
            }
        })
    }
}

impl Patch<[f32; 3]> {
    /// Copies a part of an 8-bit picture as floats.
    pub(crate) fn of_picture(image: &Rgb8, window: Window) -> Self {
        Self::from_rows(window, |y, row| {
            for (value, pixel) in row.iter_mut().zip(&image.row(y)[window.x0..window.x1()]) {
                *value = pixel.map(f32::from);
            }
        })
    }
}

/// Four source positions with their weights.
#[derive(Clone, Copy)]
struct Taps {
    index: [usize; 4],
    weight: [f32; 4],
}

/// Lists the cubic taps (Keys, a = -0.75) of target positions `first..first + count`.
fn taps(first: usize, count: usize, factor: f64, source: usize) -> Vec<Taps> {
    let last = source as isize - 1;
    (first..first + count)
        .map(|target| {
            let position = (target as f64 + 0.5) / factor - 0.5;
            let base = position.floor();
            let weight = cubic_weights((position - base) as f32);
            let index =
                [-1, 0, 1, 2].map(|step| (base as isize + step).clamp(0, last.max(0)) as usize);
            Taps { index, weight }
        })
        .collect()
}

/// Weights of the four neighbours of a position between the second and the third.
#[inline]
pub(super) fn cubic_weights(t: f32) -> [f32; 4] {
    const A: f32 = -0.75;
    let near = |d: f32| ((A + 2.0) * d - (A + 3.0)) * d * d + 1.0;
    let far = |d: f32| ((A * d - 5.0 * A) * d + 8.0 * A) * d - 4.0 * A;
    [far(1.0 + t), near(t), near(1.0 - t), far(2.0 - t)]
}

/// Enlarges a part of a work-size plane to a window of the full-size picture (cubic convolution).
///
/// `plane` starts at the work position `origin`; beyond its ends the outermost samples repeat.
pub(crate) fn enlarge<S: Sample>(
    plane: &Plane<S>,
    origin: (usize, usize),
    frame: &Frame,
    window: Window,
) -> Patch<S> {
    if window.is_empty() || plane.width() == 0 || plane.height() == 0 {
        return Patch::empty();
    }
    let (factor_x, factor_y) = frame.factor();
    let shifted = |taps: Vec<Taps>, origin: usize, length: usize| -> Vec<Taps> {
        let local = |index: usize| index.saturating_sub(origin).min(length - 1);
        taps.into_iter()
            .map(|tap| Taps {
                index: tap.index.map(local),
                ..tap
            })
            .collect()
    };
    let columns = shifted(
        taps(window.x0, window.width, factor_x, frame.work.0),
        origin.0,
        plane.width(),
    );
    let rows = shifted(
        taps(window.y0, window.height, factor_y, frame.work.1),
        origin.1,
        plane.height(),
    );
    Patch::from_rows(window, |y, row| {
        let tap = rows[y - window.y0];
        let mut mixed = vec![S::default(); plane.width()];
        for (index, weight) in tap.index.into_iter().zip(tap.weight) {
            for (value, &sample) in mixed.iter_mut().zip(plane.row(index)) {
                *value = value.add_scaled(sample, weight);
            }
        }
        for (value, tap) in row.iter_mut().zip(&columns) {
            let [a, b, c, d] = tap.index.map(|index| mixed[index]);
            let [wa, wb, wc, wd] = tap.weight;
            *value = a
                .scale(wa)
                .add_scaled(b, wb)
                .add_scaled(c, wc)
                .add_scaled(d, wd);
        }
    })
}

/// Turns a work mask into a full-size mask with smooth edges.
pub(crate) fn soften(mask: &Mask, frame: &Frame) -> SoftMask {
    let all = Window {
        x0: 0,
        y0: 0,
        width: frame.full.0,
        height: frame.full.1,
    };
    soften_in(mask, frame, all)
}

/// Like [`soften`], but only inside a window.
pub(crate) fn soften_in(mask: &Mask, frame: &Frame, within: Window) -> SoftMask {
    softened(mask, frame, within, SOFTEN)
}

/// Turns a work mask into a full-size mask whose outline is smoothed over `sigma` work pixels and no softer for that.
pub(crate) fn smoothed(mask: &Mask, frame: &Frame, sigma: f32) -> SoftMask {
    let all = Window::between((0, 0), frame.full, frame.full);
    softened(mask, frame, all, sigma)
}

fn softened(mask: &Mask, frame: &Frame, within: Window, sigma: f32) -> SoftMask {
    let reach = SOFT_REACH.max((3.0 * sigma).ceil() as usize + 2);
    let slope = SHARPEN * sigma / SOFTEN;
    let Some(bounds) = mask.bounds() else {
        return Patch::empty();
    };
    let window = frame
        .window(bounds, reach as f64 - 1.0)
        .intersection(&within);
    if window.is_empty() {
        return Patch::empty();
    }
    let (part, origin) = work_part(frame, window, reach, |x, y, w, h| mask.crop(x, y, w, h));
    let mut soft = enlarge(&gaussian_mask(&part, sigma), origin, frame, window);
    soft.change_rows(|_, row| {
        for value in row {
            *value = ((*value - 0.5) * slope + 0.5).clamp(0.0, 1.0);
        }
    });
    soft
}

/// Crops the work pixels under a window and `margin` more around them; gives also where they begin.
pub(crate) fn work_part<T>(
    frame: &Frame,
    window: Window,
    margin: usize,
    crop: impl Fn(usize, usize, usize, usize) -> T,
) -> (T, (usize, usize)) {
    let (factor_x, factor_y) = frame.factor();
    let low = |edge: usize, factor: f64| ((edge as f64 / factor) as usize).saturating_sub(margin);
    let high = |edge: usize, factor: f64| (edge as f64 / factor).ceil() as usize + margin;
    let origin = (low(window.x0, factor_x), low(window.y0, factor_y));
    let end = (high(window.x1(), factor_x), high(window.y1(), factor_y));
    (
        crop(origin.0, origin.1, end.0 - origin.0, end.1 - origin.1),
        origin,
    )
}

/// Shares of full-size pixels in one work pixel, along one axis.
fn shares(work: usize, factor: f64, low: usize, high: usize) -> impl Iterator<Item = (usize, f32)> {
    let (start, end) = (work as f64 * factor, (work as f64 + 1.0) * factor);
    let first = (start as usize).max(low);
    let last = (end.ceil() as usize).min(high);
    (first..last).filter_map(move |index| {
        let overlap = (index as f64 + 1.0).min(end) - (index as f64).max(start);
        (overlap > 1e-9).then_some((index, (overlap / factor) as f32))
    })
}

/// Averages a patch over every work pixel; 0 where the patch ends.
pub(crate) fn shrink<S: Sample>(patch: &Patch<S>, frame: &Frame) -> Plane<S> {
    let all = Bounds {
        x0: 0,
        y0: 0,
        x1: frame.work.0.max(1) - 1,
        y1: frame.work.1.max(1) - 1,
    };
    shrink_part(patch, frame, all)
}

/// Averages a patch over the work pixels of a box; 0 where the patch ends.
pub(crate) fn shrink_part<S: Sample>(patch: &Patch<S>, frame: &Frame, area: Bounds) -> Plane<S> {
    let window = patch.window();
    let (factor_x, factor_y) = frame.factor();
    let columns: Vec<Vec<(usize, f32)>> = (area.x0..=area.x1)
        .map(|x| shares(x, factor_x, window.x0, window.x1()).collect())
        .collect();
    let mut out = Plane::new(area.width(), area.height(), S::default());
    out.fill_rows(|work_y, row| {
        for (y, share) in shares(area.y0 + work_y, factor_y, window.y0, window.y1()) {
            let source = patch.row(y);
            for (value, columns) in row.iter_mut().zip(&columns) {
                for &(x, weight) in columns {
                    *value = value.add_scaled(source.at(x), weight * share);
                }
            }
        }
    });
    out
}

/// Takes the larger one of two planes of strengths, pixel by pixel.
pub(crate) fn larger(a: &Gray, b: &Gray) -> Gray {
    a.zip_map(b, f32::max)
}

/// Gives the strength of everything below a curve of work rows (one per work column), with an edge 1.5 pixels wide.
pub(crate) fn below_curve(curve: &[f64], frame: &Frame, window: Window) -> SoftMask {
    let (factor_x, factor_y) = frame.factor();
    let last = curve.len().saturating_sub(1);
    let rows: Vec<f32> = (window.x0..window.x1())
        .map(|x| {
            let position = ((x as f64 + 0.5) / factor_x - 0.5).clamp(0.0, last as f64);
            let left = position as usize;
            let read = |index: usize| {
                curve
                    .get(index.min(last))
                    .copied()
                    .unwrap_or(f64::from(u16::MAX))
            };
            let row = read(left) + (read(left + 1) - read(left)) * (position - left as f64);
            (row * factor_y) as f32
        })
        .collect();
    Patch::from_rows(window, |y, row| {
        for (value, edge) in row.iter_mut().zip(&rows) {
            *value = ((y as f32 - edge) / 1.5 + 0.5).clamp(0.0, 1.0);
        }
    })
}

#[cfg(test)]
mod tests;
