//! Single-channel pictures of `f32`.

/// One value per pixel, rows from top to bottom.
#[derive(Debug, Clone)]
pub(super) struct Plane {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) values: Vec<f32>,
}

impl Plane {
    /// A plane of one value.
    pub(super) fn filled(width: usize, height: usize, value: f32) -> Self {
        Self {
            width,
            height,
            values: vec![value; width * height],
        }
    }

    /// Combines two planes of the same size, value by value.
    pub(super) fn zip(&self, other: &Self, combine: impl Fn(f32, f32) -> f32) -> Self {
        let values = self.values.iter().zip(&other.values);
        Self {
            values: values.map(|(a, b)| combine(*a, *b)).collect(),
            ..*self
        }
    }

    /// Mean over a square of `2 * radius + 1` pixels, cut off at the border.
    pub(super) fn box_blurred(&self, radius: usize) -> Self {
        let mut rows = Self::filled(self.width, self.height, 0.0);
        for y in 0..self.height {
            let row = &self.values[y * self.width..][..self.width];
            blur_line(row, radius, |x, mean| {
                rows.values[y * self.width + x] = mean;
            });
        }
        let mut out = Self::filled(self.width, self.height, 0.0);
        let mut column = vec![0.0; self.height];
        for x in 0..self.width {
            for (y, value) in column.iter_mut().enumerate() {
                *value = rows.values[y * self.width + x];
            }
            blur_line(&column, radius, |y, mean| {
                out.values[y * self.width + x] = mean;
            });
        }
        out
    }

    /// The value between four pixels, at a place in pixels counted from the middle of the first one; the border goes on for ever.
    pub(super) fn between(&self, x: f32, y: f32) -> f32 {
        let (right, bottom) = ((self.width - 1) as f32, (self.height - 1) as f32);
        let (x, y) = (x.clamp(0.0, right), y.clamp(0.0, bottom));
        let (left, top) = (x as usize, y as usize);
        let (right, bottom) = (
            (left + 1).min(self.width - 1),
            (top + 1).min(self.height - 1),
        );
        let (fx, fy) = (x - left as f32, y - top as f32);
        let at = |x: usize, y: usize| self.values[y * self.width + x];
        let upper = at(left, top) + (at(right, top) - at(left, top)) * fx;
        let lower = at(left, bottom) + (at(right, bottom) - at(left, bottom)) * fx;
        upper + (lower - upper) * fy
    }
}

fn blur_line(line: &[f32], radius: usize, mut put: impl FnMut(usize, f32)) {
    // Sums of f64 do not drift along a line.
    let mut sum: f64 = line
        .iter()
        .take(radius)
        .map(|value| f64::from(*value))
        .sum();
    for at in 0..line.len() {
        if let Some(entering) = line.get(at + radius) {
            sum += f64::from(*entering);
        }
        if at > radius {
            sum -= f64::from(line[at - radius - 1]);
        }
        let count = (at + radius).min(line.len() - 1) - at.saturating_sub(radius) + 1;
        put(at, (sum / count as f64) as f32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blur_is_the_mean_of_what_it_covers() {
        let mut plane = Plane::filled(7, 5, 0.0);
        plane.values[2 * 7 + 3] = 9.0;
        let blurred = plane.box_blurred(1);
        for y in 0..5_usize {
            for x in 0..7_usize {
                let is_near = x.abs_diff(3) <= 1 && y.abs_diff(2) <= 1;
                let value = blurred.values[y * 7 + x];
                let expected = if is_near { 1.0 } else { 0.0 };
                assert!((value - expected).abs() < 1e-6, "{x} {y}: {value}");
            }
        }
        let flat = Plane::filled(3, 2, 5.0).box_blurred(10);
        assert!(flat.values.iter().all(|value| (value - 5.0).abs() < 1e-6));
    }

    #[test]
    fn places_between_pixels_are_mixed() {
        let plane = Plane {
            width: 2,
            height: 1,
            values: vec![0.0, 8.0],
        };
        assert!((plane.between(0.25, 0.0) - 2.0).abs() < 1e-6);
        assert!((plane.between(-4.0, 9.0) - 0.0).abs() < 1e-6);
        assert!((plane.between(7.0, 0.0) - 8.0).abs() < 1e-6);
    }
}
