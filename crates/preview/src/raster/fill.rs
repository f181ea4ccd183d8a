//! Filling holes in pictures, and a small dense solver.

use super::mask::Mask;
use super::morph::distance_inside;
use super::plane::{Color, Gray};

/// Fills the true pixels of the mask from their surroundings, from the rim of the hole inwards.
///
/// Every pixel becomes a weighted mean of the known pixels within `radius` pixels (at least 1): near ones, ones on the same
/// level of the hole and ones across its rim count most (Telea 2004, with exact distances and without the gradient term, so that
/// no value leaves the range of its surroundings). Pixels outside the mask stay as they are; without any known pixel the picture
/// comes back unchanged.
pub fn inpaint(image: &Color, mask: &Mask, radius: f64) -> Color {
    let mut filled = image.clone();
    let known_at_first = mask.not();
    if !mask.any() || !known_at_first.any() {
        return filled;
    }
    // Distance to the rim: positive inside the hole, negative outside.
    let level = distance_inside(mask)
        .zip_map(&distance_inside(&known_at_first), |inside, outside| {
            inside - outside
        });
    let reach = Reach::new(radius.max(1.0));
    let mut known = known_at_first;
    for index in from_rim_inwards(mask, &level) {
        let (x, y) = (index % mask.width(), index / mask.width());
        if let Some(color) = reach.mean(&filled, &known, &level, x, y) {
            filled[(x, y)] = color;
            known[(x, y)] = true;
        }
    }
    filled
}

/// Linear indices of the true pixels, nearest to the rim first, equal ones in row order.
fn from_rim_inwards(mask: &Mask, level: &Gray) -> Vec<usize> {
    let mut order: Vec<usize> = (0..mask.data().len())
        .filter(|index| mask.data()[*index])
        .collect();
    order.sort_by(|a, b| level.data()[*a].total_cmp(&level.data()[*b]));
    order
}

/// The neighbours that a pixel is filled from.
struct Reach {
    /// Step and one over its squared length.
    steps: Vec<(isize, isize, f32)>,
}

impl Reach {
    fn new(radius: f64) -> Self {
        let whole = radius.ceil() as isize;
        let mut steps = Vec::new();
        for dy in -whole..=whole {
            for dx in -whole..=whole {
                let squared = (dx * dx + dy * dy) as f64;
                if squared > 0.0 && squared <= radius * radius {
                    steps.push((dx, dy, (1.0 / squared) as f32));
                }
            }
        }
        Self { steps }
    }

    /// Weighted mean of the known neighbours, nothing when there is none.
    fn mean(
        &self,
        image: &Color,
        known: &Mask,
        level: &Gray,
        x: usize,
        y: usize,
    ) -> Option<[f32; 3]> {
        /// Share that a neighbour along the rim keeps.
        const ALONG: f32 = 1e-3;
        let (width, height) = image.size();
        let here = level[(x, y)];
        let slope = slope(level, x, y);
        let (mut sum, mut total) = ([0.0; 3], 0.0);
        for &(dx, dy, nearness) in &self.steps {
            let (Some(column), Some(row)) = (x.checked_add_signed(dx), y.checked_add_signed(dy))
            else {
                continue;
            };
            if column >= width || row >= height || !known[(column, row)] {
                continue;
            }
            let across = (dx as f32 * slope[0] + dy as f32 * slope[1]).abs() * nearness.sqrt();
            let same_level = 1.0 / (1.0 + (level[(column, row)] - here).abs());
            let weight = nearness * same_level * across.max(ALONG);
            let color = image[(column, row)];
            for (sum, part) in sum.iter_mut().zip(color) {
                *sum += part * weight;
            }
            total += weight;
        }
        (total > 0.0).then(|| sum.map(|part| part / total))
    }
}

/// Unit vector in which the level rises fastest; zero where it is flat.
fn slope(level: &Gray, x: usize, y: usize) -> [f32; 2] {
    let (column, row) = (x as isize, y as isize);
    let along_x = level.get_clamped(column + 1, row) - level.get_clamped(column - 1, row);
    let along_y = level.get_clamped(column, row + 1) - level.get_clamped(column, row - 1);
    let length = along_x.hypot(along_y);
    if length > 0.0 {
        [along_x / length, along_y / length]
    } else {
        [0.0; 2]
    }
}

/// Solves a small dense system by elimination with row pivoting.
///
/// `a` is an `n` x `n` matrix in row order (destroyed), `b` holds `cols` right sides as an `n` x `cols` matrix in row order and
/// receives the solution. Directions that the matrix does not determine become 0; then the result is `false`.
pub fn solve(a: &mut [f64], n: usize, b: &mut [f64], cols: usize) -> bool {
    let largest = a
        .iter()
        .fold(0.0_f64, |largest, value| largest.max(value.abs()));
    let tiny = largest * n as f64 * f64::EPSILON;
    let mut regular = true;
    for pivot in 0..n {
        let best = (pivot..n).fold(pivot, |best, row| {
            if a[row * n + pivot].abs() > a[best * n + pivot].abs() {
                row
            } else {
                best
            }
        });
        if a[best * n + pivot].abs() <= tiny {
            regular = false;
            continue;
        }
        if best != pivot {
            (0..n).for_each(|column| a.swap(best * n + column, pivot * n + column));
            (0..cols).for_each(|column| b.swap(best * cols + column, pivot * cols + column));
        }
        let (upper, lower) = a.split_at_mut((pivot + 1) * n);
        let pivot_row = &upper[pivot * n..];
        let (upper_b, lower_b) = b.split_at_mut((pivot + 1) * cols);
        let pivot_b = &upper_b[pivot * cols..];
        for (row, row_b) in lower
            .chunks_exact_mut(n)
            .zip(lower_b.chunks_exact_mut(cols))
        {
            let factor = row[pivot] / pivot_row[pivot];
            if factor == 0.0 {
                continue;
            }
            row.iter_mut()
                .zip(pivot_row)
                .skip(pivot)
                .for_each(|(value, above)| *value -= factor * above);
            row_b
                .iter_mut()
                .zip(pivot_b)
                .for_each(|(value, above)| *value -= factor * above);
        }
    }
    for row in (0..n).rev() {
        let diagonal = a[row * n + row];
        for column in 0..cols {
            let known: f64 = (row + 1..n)
                .map(|k| a[row * n + k] * b[k * cols + column])
                .sum();
            let value = (b[row * cols + column] - known) / diagonal;
            b[row * cols + column] = if diagonal.abs() <= tiny { 0.0 } else { value };
        }
    }
    regular
}

#[cfg(test)]
mod tests {
    use super::super::plane::Plane;
    use super::*;

    /// A square hole in the middle.
    fn hole(size: usize, half: usize) -> Mask {
        let middle = size / 2;
        Plane::from_fn(size, size, |x, y| {
            x.abs_diff(middle) <= half && y.abs_diff(middle) <= half
        })
    }

    #[test]
    fn a_hole_in_a_flat_picture_disappears() {
        let mask = hole(41, 9);
        let flat = Plane::new(41, 41, [70.0, 80.0, 90.0]);
        let damaged = flat.zip_map(
            &mask,
            |color, inside| if inside { [255.0, 0.0, 9.0] } else { color },
        );
        for (a, b) in inpaint(&damaged, &mask, 4.0).data().iter().zip(flat.data()) {
            assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-3));
        }
    }

    #[test]
    fn an_edge_is_carried_into_the_hole() {
        let mask = hole(41, 5);
        let edge = Plane::from_fn(41, 41, |x, _| [if x < 20 { 20.0 } else { 200.0 }; 3]);
        let damaged = edge.zip_map(&mask, |color, inside| if inside { [0.0; 3] } else { color });
        let filled = inpaint(&damaged, &mask, 4.0);
        assert!(filled[(16, 20)][0] < 60.0 && filled[(24, 20)][0] > 160.0);
        // Nothing leaves the range of the surroundings, and nothing outside changes.
        assert!(
            filled
                .data()
                .iter()
                .all(|color| (20.0 - 1e-3..=200.0 + 1e-3).contains(&color[0]))
        );
        for ((a, b), inside) in filled.data().iter().zip(edge.data()).zip(mask.data()) {
            assert!(*inside || a == b);
        }
    }

    #[test]
    fn holes_at_the_border_and_everywhere() {
        let image = Plane::from_fn(9, 9, |x, y| [x as f32, y as f32, 1.0]);
        let left = Plane::from_fn(9, 9, |x, _| x < 4);
        let filled = inpaint(&image, &left, 2.0);
        assert!(
            filled
                .data()
                .iter()
                .all(|color| (color[2] - 1.0).abs() < 1e-4)
        );
        assert!(filled[(0, 4)][0] > 3.9);
        let everywhere = Plane::new(9, 9, true);
        assert_eq!(inpaint(&image, &everywhere, 2.0), image);
        assert_eq!(inpaint(&image, &everywhere.not(), 2.0), image);
    }

    #[test]
    fn a_small_system_by_hand() {
        // 2x + y = 5 and x - y = 1, with a second right side twice as large.
        let mut a = vec![2.0, 1.0, 1.0, -1.0];
        let mut b = vec![5.0, 10.0, 1.0, 2.0];
        assert!(solve(&mut a, 2, &mut b, 2));
        for (value, expected) in b.iter().zip([2.0, 4.0, 1.0, 2.0]) {
            assert!((value - expected).abs() < 1e-12);
        }
    }

    #[test]
    fn rows_are_exchanged_when_a_pivot_is_zero() {
        let mut a = vec![0.0, 1.0, 1.0, 0.0];
        let mut b = vec![3.0, 7.0];
        assert!(solve(&mut a, 2, &mut b, 1));
        assert_eq!(b, [7.0, 3.0]);
    }

    #[test]
    fn undetermined_directions_become_zero() {
        let mut a = vec![1.0, 1.0, 1.0, 1.0];
        let mut b = vec![4.0, 4.0];
        assert!(!solve(&mut a, 2, &mut b, 1));
        assert_eq!(b, [4.0, 0.0]);
        let mut nothing = vec![0.0];
        let mut right = vec![9.0];
        assert!(!solve(&mut nothing, 1, &mut right, 1));
        assert_eq!(right, [0.0]);
    }
}
