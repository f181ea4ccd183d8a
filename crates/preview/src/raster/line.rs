//! One-dimensional signals: smoothing, interpolation, runs and cheapest paths.

use super::plane::Gray;
use super::point::Point;

/// How a signal goes on beyond its ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// Repeats the last value: `a a | a b c`.
    Nearest,
    /// Mirrors with the last value repeated: `b a | a b c`.
    Reflect,
    /// Mirrors around the last value: `c b | a b c`.
    Mirror,
    /// Begins again, as a closed line does: `b c | a b c`.
    Wrap,
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
            Self::Wrap => index.rem_euclid(length),
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

#[cfg(test)]
mod tests {
    use super::super::plane::Plane;
    use super::*;

    fn assert_close(actual: &[f64], expected: &[f64]) {
        assert_eq!(actual.len(), expected.len());
        for (a, b) in actual.iter().zip(expected) {
            assert!((a - b).abs() < 1e-9, "{actual:?} is not {expected:?}");
        }
    }

    #[test]
    fn edges_go_on_as_described() {
        let indices = |edge: Edge| (-4..7).map(|i| edge.resolve(i, 3)).collect::<Vec<_>>();
        assert_eq!(indices(Edge::Nearest), [0, 0, 0, 0, 0, 1, 2, 2, 2, 2, 2]);
        assert_eq!(indices(Edge::Reflect), [2, 2, 1, 0, 0, 1, 2, 2, 1, 0, 0]);
        assert_eq!(indices(Edge::Mirror), [0, 1, 2, 1, 0, 1, 2, 1, 0, 1, 2]);
        assert_eq!(Edge::Mirror.resolve(5, 1), 0);
    }

    #[test]
    fn median_filter_removes_spikes() {
        let signal = [1.0, 2.0, 90.0, 4.0, 5.0];
        assert_close(&median_filter(&signal, 3), &[1.0, 2.0, 4.0, 5.0, 5.0]);
        assert_close(
            &median_filter_with(&signal, 5, Edge::Reflect),
            &[2.0, 2.0, 4.0, 5.0, 5.0],
        );
        assert!(median_filter(&[], 3).is_empty());
    }

    #[test]
    fn gaussian_keeps_constants_and_the_sum() {
        assert_close(&gaussian_1d(&[3.0; 7], 2.0), &[3.0; 7]);
        let mut spike = vec![0.0; 41];
        spike[20] = 1.0;
        let smooth = gaussian_1d(&spike, 2.0);
        assert!((smooth.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        // Ratio of neighbouring samples of a Gaussian: exp(-1 / (2 sigma^2)).
        assert!((smooth[21] / smooth[20] - (-0.125_f64).exp()).abs() < 1e-9);
        assert_close(&gaussian_1d(&spike, 0.0), &spike);
    }

    #[test]
    fn gradient_is_central_inside_and_one_sided_at_the_ends() {
        assert_close(&gradient(&[0.0, 1.0, 4.0, 9.0]), &[1.0, 2.0, 4.0, 5.0]);
        assert_close(&gradient(&[5.0]), &[0.0]);
    }

    #[test]
    fn interp_is_linear_between_and_constant_beyond() {
        let (xs, ys) = ([1.0, 2.0, 4.0], [10.0, 20.0, 0.0]);
        let read: Vec<f64> = [0.0, 1.0, 1.5, 2.0, 3.0, 4.0, 9.0]
            .iter()
            .map(|x| interp(*x, &xs, &ys))
            .collect();
        assert_close(&read, &[10.0, 10.0, 15.0, 20.0, 10.0, 0.0, 0.0]);
        assert_close(&[interp(3.0, &[], &[])], &[0.0]);
    }

    #[test]
    fn polyfit_finds_a_line() {
        let (slope, offset) = polyfit1(&[0.0, 1.0, 2.0, 3.0], &[1.0, 3.0, 5.0, 7.0]);
        assert_close(&[slope, offset], &[2.0, 1.0]);
        assert_eq!(polyfit1(&[2.0, 2.0], &[1.0, 3.0]), (0.0, 2.0));
    }

    #[test]
    fn runs_cover_all_true_values() {
        let found = runs(&[true, true, false, true, false, true, true, true]);
        let pairs: Vec<_> = found
            .iter()
            .map(|run| (run.start, run.end, run.length()))
            .collect();
        assert_eq!(pairs, [(0, 1, 1), (3, 3, 0), (5, 7, 2)]);
        assert!((found[2].center() - 6.0).abs() < 1e-9);
        assert!(runs(&[false; 4]).is_empty() && runs(&[]).is_empty());
    }

    #[test]
    fn seam_follows_the_cheap_rows() {
        // A valley that goes down by one row per column.
        let cost = Plane::from_fn(6, 8, |x, y| if y == x + 1 { 0.0 } else { 9.0 });
        assert_eq!(seam(&cost, 1.0, 1), [1, 2, 3, 4, 5, 6]);
        // Bending costs more than the valley saves.
        assert_eq!(seam(&cost, 100.0, 1), [1; 6]);
        // Too steep for the allowed step.
        let jump = Plane::from_fn(2, 8, |x, y| if y == x * 5 { 0.0 } else { 9.0 });
        assert_eq!(seam(&jump, 0.0, 2).len(), 2);
        assert!(seam(&jump, 0.0, 2)[1].abs_diff(seam(&jump, 0.0, 2)[0]) <= 2);
        assert_eq!(seam(&jump, 1.0, 5), [0, 5]);
    }

    #[test]
    fn seam_is_the_best_of_all_paths() {
        let mut random = super::super::random::XorShift::new(2);
        let cost = Plane::from_vec(5, 4, (0..20).map(|_| random.uniform() * 5.0).collect());
        let price = |path: &[usize]| -> f32 {
            let moves: usize = path.windows(2).map(|pair| pair[0].abs_diff(pair[1])).sum();
            path.iter()
                .enumerate()
                .map(|(x, y)| cost[(x, *y)])
                .sum::<f32>()
                + 0.7 * moves as f32
        };
        let all = (0..4_usize.pow(5)).map(|code| {
            (0..5)
                .map(|x| code / 4_usize.pow(x) % 4)
                .collect::<Vec<_>>()
        });
        let best = all
            .filter(|path| path.windows(2).all(|pair| pair[0].abs_diff(pair[1]) <= 2))
            .min_by(|a, b| price(a).total_cmp(&price(b)));
        assert_eq!(Some(seam(&cost, 0.7, 2)), best);
    }

    #[test]
    fn pchip_meets_its_knots_and_never_overshoots() {
        let (ts, values) = ([0.0, 1.0, 2.0, 5.0, 6.0], [0.0, 0.0, 3.0, 3.0, -2.0]);
        assert_close(&pchip(&ts, &values, &ts), &values);
        let fine: Vec<f64> = (0..=600).map(|i| f64::from(i) / 100.0).collect();
        let curve = pchip(&ts, &values, &fine);
        assert!(
            curve
                .iter()
                .all(|value| (-2.0..=3.0 + 1e-12).contains(value))
        );
        // Monotone where the knots are.
        assert!(
            curve[100..200]
                .windows(2)
                .all(|pair| pair[0] <= pair[1] + 1e-12)
        );
    }

    #[test]
    fn pchip_of_few_knots() {
        assert_close(
            &pchip(&[0.0, 2.0], &[1.0, 5.0], &[-1.0, 0.5, 3.0]),
            &[-1.0, 2.0, 7.0],
        );
        assert_close(&pchip(&[1.0], &[4.0], &[0.0, 9.0]), &[4.0, 4.0]);
        assert_close(&pchip(&[], &[], &[0.0]), &[0.0]);
        // Slopes by hand: 1 and 3 on the two sides, weighted harmonic mean 1.5 in the middle.
        assert_close(
            &pchip(&[0.0, 1.0, 2.0], &[0.0, 1.0, 4.0], &[0.5]),
            &[0.3125],
        );
    }

    #[test]
    fn pchip_rows_interpolates_every_column() {
        let row = |x: f64| vec![Point::new(x, 0.0), Point::new(0.0, x)];
        let rows = pchip_rows(&[0.0, 1.0], &[row(2.0), row(4.0)], &[0.5]);
        assert_eq!(rows, [row(3.0)]);
    }
}
