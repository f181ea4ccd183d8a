//! Reading planes at arbitrary positions.

use super::super::plane::{Plane, Sample};

/// What lies beyond the borders of a plane.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Border<S> {
    /// The same sample everywhere; half-covered positions blend with it.
    Constant(S),
    /// The nearest sample of the border.
    Replicate,
}

/// Reads the plane at the positions (x, y) in `map` with bilinear interpolation; gives a plane of the map's size.
///
/// An empty plane gives the constant, or zeros.
pub fn remap_linear<S: Sample>(
    plane: &Plane<S>,
    map: &Plane<[f32; 2]>,
    border: Border<S>,
) -> Plane<S> {
    map.map(|[x, y]| sample_linear(plane, x, y, border))
}

/// Reads the plane at one position with bilinear interpolation; positions that are not numbers count as outside.
#[inline]
pub fn sample_linear<S: Sample>(plane: &Plane<S>, x: f32, y: f32, border: Border<S>) -> S {
    let (columns, rows) = plane.size();
    let (width, height) = (columns as f32, rows as f32);
    if x >= 0.0 && y >= 0.0 && x < width - 1.0 && y < height - 1.0 {
        // Signed conversions are the cheaper ones.
        let (left, top) = (x as i32, y as i32);
        let (u, v) = (x - left as f32, y - top as f32);
        let first = top as usize * columns + left as usize;
        if let Some([a, b, .., c, d]) = plane.data().get(first..first + columns + 2) {
            return blend(blend(*a, *b, u), blend(*c, *d, u), v);
        }
    }
    match border {
        Border::Replicate => sample_clamped(plane, x, y),
        Border::Constant(value) if x > -1.0 && y > -1.0 && x < width && y < height => {
            let (left, top) = (x.floor(), y.floor());
            let read = |dx: isize, dy: isize| {
                plane
                    .get(left as isize + dx, top as isize + dy)
                    .unwrap_or(value)
            };
            let (u, v) = (x - left, y - top);
            blend(
                blend(read(0, 0), read(1, 0), u),
                blend(read(0, 1), read(1, 1), u),
                v,
            )
        }
        Border::Constant(value) => value,
    }
}

/// Moves the position into the plane and reads there.
fn sample_clamped<S: Sample>(plane: &Plane<S>, x: f32, y: f32) -> S {
    let (Some(last_x), Some(last_y)) =
        (plane.width().checked_sub(1), plane.height().checked_sub(1))
    else {
        return S::default();
    };
    let (x, y) = (x.clamp(0.0, last_x as f32), y.clamp(0.0, last_y as f32));
    let (left, top) = (x as usize, y as usize);
    let (u, v) = (x - left as f32, y - top as f32);
    if u.is_nan() || v.is_nan() {
        return plane[(0, 0)];
    }
    let (right, bottom) = ((left + 1).min(last_x), (top + 1).min(last_y));
    let upper = blend(plane[(left, top)], plane[(right, top)], u);
    let lower = blend(plane[(left, bottom)], plane[(right, bottom)], u);
    blend(upper, lower, v)
}

#[inline]
fn blend<S: Sample>(a: S, b: S, t: f32) -> S {
    a.scale(1.0 - t).add_scaled(b, t)
}

#[cfg(test)]
mod tests {
    use super::super::super::plane::Gray;
    use super::*;

    fn plane() -> Gray {
        Plane::from_vec(3, 2, vec![0.0, 10.0, 20.0, 100.0, 110.0, 120.0])
    }

    #[test]
    fn inside_positions_are_interpolated() {
        let map = Plane::from_vec(3, 1, vec![[0.0, 0.0], [1.5, 0.25], [2.0, 1.0]]);
        for border in [Border::Constant(-7.0), Border::Replicate] {
            assert_eq!(
                remap_linear(&plane(), &map, border).data(),
                [0.0, 40.0, 120.0]
            );
        }
    }

    #[test]
    fn constant_border_blends_half_a_pixel_out() {
        let read = |x, y| sample_linear(&plane(), x, y, Border::Constant(50.0));
        assert!((read(-0.5, 0.0) - 25.0).abs() < 1e-5);
        assert!((read(2.0, 1.5) - 85.0).abs() < 1e-5);
        assert_eq!(
            [
                read(-1.0, 0.0),
                read(3.0, 0.0),
                read(-1e4, -1e4),
                read(f32::NAN, 0.0)
            ],
            [50.0; 4]
        );
    }

    #[test]
    fn replicated_border_repeats_the_outermost_samples() {
        let read = |x, y| sample_linear(&plane(), x, y, Border::Replicate);
        assert_eq!(
            [read(-5.0, 0.0), read(9.0, 9.0), read(0.5, -3.0)],
            [0.0, 120.0, 5.0]
        );
        assert_eq!(read(f32::NAN, 0.5), 0.0);
        assert_eq!(
            sample_linear(&Gray::new(0, 0, 0.0), 1.0, 1.0, Border::Replicate),
            0.0
        );
    }

    #[test]
    fn colours_are_read_as_one() {
        let plane = Plane::from_vec(
            2,
            2,
            vec![[0.0, 1.0, 2.0], [2.0, 1.0, 0.0], [0.0; 3], [0.0; 3]],
        );
        assert_eq!(
            sample_linear(&plane, 0.5, 0.0, Border::Replicate),
            [1.0, 1.0, 1.0]
        );
    }
}
