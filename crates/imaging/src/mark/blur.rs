//! A Gaussian blur by three box blurs.

/// Blurs a plane of `size` (columns, rows); beyond its edges everything is 0. `sigma` in pixels.
pub(super) fn blurred(plane: &[f32], size: (usize, usize), sigma: f32) -> Vec<f32> {
    let mut values = plane.to_vec();
    for radius in box_radii(sigma) {
        values = box_rows(&values, size.0, radius);
        values = transposed(
            &box_rows(&transposed(&values, size.0), size.1, radius),
            size.1,
        );
    }
    values
}

/// Radii of three boxes whose joint variance is nearest to `sigma` squared.
fn box_radii(sigma: f32) -> [usize; 3] {
    let ideal = (4.0 * sigma * sigma + 1.0).sqrt();
    // Boxes have odd widths: the largest that is not above the ideal one, and the next.
    let small = ((ideal - 1.0) / 2.0).floor().max(0.0);
    let variance = |radius: f32| ((2.0 * radius + 1.0).powi(2) - 1.0) / 12.0;
    let wanted = sigma * sigma;
    let larger = (0..=3)
        .min_by(|a: &u8, b: &u8| {
            let error = |count: u8| {
                let count = f32::from(count);
                (count * variance(small + 1.0) + (3.0 - count) * variance(small) - wanted).abs()
            };
            error(*a).total_cmp(&error(*b))
        })
        .unwrap_or(0);
    std::array::from_fn(|index| small as usize + usize::from(index < usize::from(larger)))
}

/// Means of `2 * radius + 1` neighbours within each row.
fn box_rows(plane: &[f32], width: usize, radius: usize) -> Vec<f32> {
    let mut result = Vec::with_capacity(plane.len());
    let share = 1.0 / (2 * radius + 1) as f64;
    for row in plane.chunks_exact(width) {
        let mut sum: f64 = row.iter().take(radius).map(|value| f64::from(*value)).sum();
        for x in 0..width {
            if let Some(entering) = row.get(x + radius) {
                sum += f64::from(*entering);
            }
            result.push((sum * share) as f32);
            if let Some(leaving) = x.checked_sub(radius) {
                sum -= f64::from(row[leaving]);
            }
        }
    }
    result
}

fn transposed(plane: &[f32], width: usize) -> Vec<f32> {
    let height = plane.len() / width;
    let mut result = Vec::with_capacity(plane.len());
    for x in 0..width {
        result.extend((0..height).map(|y| plane[y * width + x]));
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_becomes_a_bell_of_the_same_mass() {
        let (width, height) = (61, 41);
        for sigma in [1.0, 2.3, 5.0] {
            let mut plane = vec![0.0; width * height];
            plane[20 * width + 30] = 1.0;
            let bell = blurred(&plane, (width, height), sigma);
            let mass: f32 = bell.iter().sum();
            assert!((mass - 1.0).abs() < 1e-3, "{sigma}: {mass}");
            let spread: f32 = bell
                .iter()
                .enumerate()
                .map(|(index, value)| value * ((index % width) as f32 - 30.0).powi(2))
                .sum();
            assert!(
                (spread.sqrt() / sigma - 1.0).abs() < 0.2,
                "{sigma}: {}",
                spread.sqrt()
            );
            assert!((bell[20 * width + 25] - bell[20 * width + 35]).abs() < 1e-5);
            assert!((bell[15 * width + 30] - bell[20 * width + 35]).abs() < 1e-5);
        }
    }

    #[test]
    fn lines_narrower_than_the_box_are_fine() {
        assert_eq!(blurred(&[1.0], (1, 1), 3.0).len(), 1);
        assert_eq!(blurred(&[1.0; 6], (1, 6), 4.0).len(), 6);
    }
}
