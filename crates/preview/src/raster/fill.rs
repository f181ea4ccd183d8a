//! Filling holes in pictures, and a small dense solver.

use super::morph::nearest_true;
use super::plane::{Color, Mask};

/// Fills the true pixels of the mask from their surroundings.
pub fn inpaint(image: &Color, mask: &Mask, radius: f64) -> Color {
    let _ = radius;
    let nearest = nearest_true(&mask.not());
    nearest.map(|index| {
        image
            .data()
            .get(index as usize)
            .copied()
            .unwrap_or_default()
    })
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
    use super::*;

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
