//! One-dimensional signals: smoothing, interpolation, runs and cheapest paths.

use super::plane::{Gray, Point};

/// How a signal goes on beyond its ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// Repeats the last value: `a a | a b c`.
    Nearest,
    /// Mirrors with the last value repeated: `b a | a b c`.
    Reflect,
    /// Mirrors around the last value: `c b | a b c`.
    Mirror,
}

impl Edge {
    /// Position inside `0..length` that stands for `index`.
    fn resolve(self, index: isize, length: usize) -> usize {
        let length = length as isize;
        let inside = match self {
            Self::Nearest => index.clamp(0, length - 1),
            Self::Reflect => {
                let wrapped = index.rem_euclid(2 * length);
                wrapped.min(2 * length - 1 - wrapped)
            }
            Self::Mirror if length == 1 => 0,
            Self::Mirror => {
                let wrapped = index.rem_euclid(2 * (length - 1));
                wrapped.min(2 * (length - 1) - wrapped)
            }
        };
        inside as usize
    }
}

/// Replaces every value by the median of the `size` values around it (odd; an even size grows by one), ends repeated.
pub fn median_filter(values: &[f64], size: usize) -> Vec<f64> {
    median_filter_with(values, size, Edge::Nearest)
}

/// Like [`median_filter`] with a choice of how the signal goes on beyond its ends.
pub fn median_filter_with(values: &[f64], size: usize, edge: Edge) -> Vec<f64> {
    let radius = (size / 2) as isize;
    let mut window = Vec::with_capacity(2 * radius as usize + 1);
    (0..values.len() as isize)
        .map(|center| {
            window.clear();
            window.extend(
                (center - radius..=center + radius).map(|i| values[edge.resolve(i, values.len())]),
            );
            *window
                .select_nth_unstable_by(radius as usize, f64::total_cmp)
                .1
        })
        .collect()
}

/// Smooths with a Gaussian of the given sigma (cut off at four sigmas), ends repeated.
pub fn gaussian_1d(values: &[f64], sigma: f64) -> Vec<f64> {
    gaussian_1d_with(values, sigma, Edge::Nearest)
}

/// Like [`gaussian_1d`] with a choice of how the signal goes on beyond its ends.
///
/// A column of a plane blurred with [`gaussian`](super::gaussian) equals `Edge::Mirror` here.
pub fn gaussian_1d_with(values: &[f64], sigma: f64, edge: Edge) -> Vec<f64> {
    if sigma <= 0.0 {
        return values.to_vec();
    }
    let radius = (4.0 * sigma + 0.5) as isize;
    let kernel: Vec<f64> = (-radius..=radius)
        .map(|i| (-0.5 * (i * i) as f64 / (sigma * sigma)).exp())
        .collect();
    let total: f64 = kernel.iter().sum();
    (0..values.len() as isize)
        .map(|center| {
            let sum: f64 = kernel
                .iter()
                .zip(center - radius..)
                .map(|(weight, i)| weight * values[edge.resolve(i, values.len())])
                .sum();
            sum / total
        })
        .collect()
}

/// Differentiates: half the difference of both neighbours, at the ends the difference to the one neighbour.
pub fn gradient(values: &[f64]) -> Vec<f64> {
    let last = values.len().saturating_sub(1);
    (0..values.len())
        .map(|i| {
            let (before, after) = (i.saturating_sub(1), (i + 1).min(last));
            (values[after] - values[before]) / (after - before).max(1) as f64
        })
        .collect()
}

/// Reads a piecewise linear function with knots at rising `xs`; constant beyond the ends, 0 without knots.
pub fn interp(x: f64, xs: &[f64], ys: &[f64]) -> f64 {
    let (Some(&first), Some(&last)) = (ys.first(), ys.last()) else {
        return 0.0;
    };
    let next = xs.partition_point(|knot| *knot <= x);
    if next == 0 {
        return first;
    }
    if next >= xs.len().min(ys.len()) {
        return last;
    }
    let t = (x - xs[next - 1]) / (xs[next] - xs[next - 1]);
    ys[next - 1] + (ys[next] - ys[next - 1]) * t
}

/// Finds the cheapest path from the left to the right border (Viterbi); gives the row in every column.
///
/// The path moves at most `step` rows from one column to the next and pays `bend` for every row it moves.
pub fn seam(cost: &Gray, bend: f32, step: usize) -> Vec<usize> {
    let (width, height) = cost.size();
    if width == 0 || height == 0 {
        return Vec::new();
    }
    let mut total = cost.column(0);
    let mut back = vec![0_i32; width * height];
    let mut next = vec![0.0; height];
    for x in 1..width {
        let moves = &mut back[x * height..(x + 1) * height];
        for y in 0..height {
            let (mut best, mut best_from) = (total[y], y);
            let mut consider = |from: usize| {
                let price = total[from] + bend * from.abs_diff(y) as f32;
                if price < best {
                    (best, best_from) = (price, from);
                }
            };
            (y + 1..=(y + step).min(height - 1))
                .rev()
                .for_each(&mut consider);
            (y.saturating_sub(step)..y).rev().for_each(&mut consider);
            next[y] = best + cost[(x, y)];
            moves[y] = best_from as i32 - y as i32;
        }
        std::mem::swap(&mut total, &mut next);
    }
    let mut row = (1..height).fold(0, |best, y| if total[y] < total[best] { y } else { best });
    let mut path = vec![row; width];
    for x in (1..width).rev() {
        row = (row as i32 + back[x * height + row]) as usize;
        path[x - 1] = row;
    }
    path
}

/// Fits a straight line by least squares; gives slope and offset. All-equal `xs` give slope 0.
pub fn polyfit1(xs: &[f64], ys: &[f64]) -> (f64, f64) {
    let count = xs.len().min(ys.len()).max(1) as f64;
    let mean_x = xs.iter().sum::<f64>() / count;
    let mean_y = ys.iter().sum::<f64>() / count;
    let (mut covariance, mut variance) = (0.0, 0.0);
    for (x, y) in xs.iter().zip(ys) {
        covariance += (x - mean_x) * (y - mean_y);
        variance += (x - mean_x) * (x - mean_x);
    }
    let slope = if variance > 0.0 {
        covariance / variance
    } else {
        0.0
    };
    (slope, mean_y - slope * mean_x)
}

/// A run of true values, both ends inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// First true position.
    pub start: usize,
    /// Last true position.
    pub end: usize,
}

impl Run {
    /// Distance from the first to the last position (one less than the number of positions).
    pub fn length(&self) -> usize {
        self.end - self.start
    }

    /// Middle of the run.
    pub fn center(&self) -> f64 {
        (self.start + self.end) as f64 / 2.0
    }
}

/// Lists the runs of true values from left to right.
pub fn runs(row: &[bool]) -> Vec<Run> {
    let mut found = Vec::new();
    let mut start = None;
    for (x, &inside) in row.iter().enumerate() {
        match (inside, start) {
            (true, None) => start = Some(x),
            (false, Some(first)) => {
                found.push(Run {
                    start: first,
                    end: x - 1,
                });
                start = None;
            }
            _ => {}
        }
    }
    found.extend(start.map(|first| Run {
        start: first,
        end: row.len() - 1,
    }));
    found
}

/// Reads a monotone cubic interpolant (PCHIP, Fritsch and Butland 1984) through rising `ts` at the positions `at`.
///
/// Beyond the ends the outermost cubic goes on. One knot gives a constant, none gives zeros.
pub fn pchip(ts: &[f64], values: &[f64], at: &[f64]) -> Vec<f64> {
    let count = ts.len().min(values.len());
    if count < 2 {
        return vec![values.first().copied().unwrap_or(0.0); at.len()];
    }
    let slopes = pchip_slopes(&ts[..count], &values[..count]);
    at.iter()
        .map(|&t| {
            let i = ts[..count]
                .partition_point(|knot| *knot <= t)
                .clamp(1, count - 1)
                - 1;
            let h = ts[i + 1] - ts[i];
            let u = (t - ts[i]) / h;
            let (a, b) = (values[i], values[i + 1]);
            let (da, db) = (slopes[i] * h, slopes[i + 1] * h);
            let cubic = 2.0 * (a - b) + da + db;
            let square = 3.0 * (b - a) - 2.0 * da - db;
            a + u * (da + u * (square + u * cubic))
        })
        .collect()
}

/// Reads a monotone cubic through whole rows of points: `rows[i]` belongs to `ts[i]`, all rows of the same length.
///
/// Gives one row of points for every position in `at`.
pub fn pchip_rows(ts: &[f64], rows: &[Vec<Point>], at: &[f64]) -> Vec<Vec<Point>> {
    let columns = rows.first().map_or(0, Vec::len);
    let mut out = vec![vec![Point::default(); columns]; at.len()];
    for column in 0..columns {
        let xs: Vec<f64> = rows.iter().map(|row| row[column].x).collect();
        let ys: Vec<f64> = rows.iter().map(|row| row[column].y).collect();
        let read = pchip(ts, &xs, at).into_iter().zip(pchip(ts, &ys, at));
        for (row, (x, y)) in out.iter_mut().zip(read) {
            row[column] = Point::new(x, y);
        }
    }
    out
}

fn pchip_slopes(ts: &[f64], values: &[f64]) -> Vec<f64> {
    let steps: Vec<f64> = ts.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let secants: Vec<f64> = values
        .windows(2)
        .zip(&steps)
        .map(|(pair, step)| (pair[1] - pair[0]) / step)
        .collect();
    if secants.len() == 1 {
        return vec![secants[0]; 2];
    }
    let last = secants.len() - 1;
    let mut slopes = Vec::with_capacity(values.len());
    slopes.push(pchip_end(steps[0], steps[1], secants[0], secants[1]));
    for i in 0..last {
        let (before, after) = (secants[i], secants[i + 1]);
        if before * after <= 0.0 {
            slopes.push(0.0);
            continue;
        }
        let (w1, w2) = (2.0 * steps[i + 1] + steps[i], steps[i + 1] + 2.0 * steps[i]);
        slopes.push((w1 + w2) / (w1 / before + w2 / after));
    }
    slopes.push(pchip_end(
        steps[last],
        steps[last - 1],
        secants[last],
        secants[last - 1],
    ));
    slopes
}

/// One-sided three-point slope, limited so that the curve keeps its shape.
fn pchip_end(step: f64, next_step: f64, secant: f64, next_secant: f64) -> f64 {
    let slope = ((2.0 * step + next_step) * secant - step * next_secant) / (step + next_step);
    if slope * secant <= 0.0 {
        return 0.0;
    }
    if secant * next_secant <= 0.0 && slope.abs() > 3.0 * secant.abs() {
        return 3.0 * secant;
    }
    slope
}
