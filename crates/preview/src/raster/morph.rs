//! Morphology with elliptic elements, and exact Euclidean distances.

mod bits;
mod distance;

pub use distance::{distance_inside, nearest_true};

use super::mask::Mask;
use bits::Bits;

/// Grows the true area by an ellipse of radius `max(1, round(r))` pixels; outside the plane counts as false.
pub fn dilate(mask: &Mask, r: f64) -> Mask {
    Bits::pack(mask).dilate(&ellipse(r, mask)).unpack()
}

/// Shrinks the true area by an ellipse of radius `max(1, round(r))` pixels; outside the plane counts as true.
pub fn erode(mask: &Mask, r: f64) -> Mask {
    Bits::pack(mask)
        .invert()
        .dilate(&ellipse(r, mask))
        .invert()
        .unpack()
}

/// Removes what an ellipse of radius `max(1, round(r))` pixels does not fit into.
pub fn open(mask: &Mask, r: f64) -> Mask {
    let element = ellipse(r, mask);
    Bits::pack(mask)
        .invert()
        .dilate(&element)
        .invert()
        .dilate(&element)
        .unpack()
}

/// Fills the true area where an ellipse of radius `max(1, round(r))` pixels does not fit in from outside.
pub fn close(mask: &Mask, r: f64) -> Mask {
    let element = ellipse(r, mask);
    Bits::pack(mask)
        .dilate(&element)
        .invert()
        .dilate(&element)
        .invert()
        .unpack()
}

/// Half widths of the rows of an elliptic element, from the middle row outwards; never rising.
///
/// Halves are rounded to even numbers, both in the radius and in the widths.
fn ellipse(r: f64, mask: &Mask) -> Vec<usize> {
    // An element that covers the plane from every pixel stays the same when it grows.
    let enough = (mask.width() + mask.height() + 1) as f64;
    let radius = r.round_ties_even().max(1.0).min(enough);
    let squared = radius * radius;
    (0..=radius as i32)
        .map(f64::from)
        .map(|dy| (radius * ((squared - dy * dy) / squared).sqrt()).round_ties_even() as usize)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::plane::Plane;
    use super::super::random::XorShift;
    use super::*;

    fn random_mask(width: usize, height: usize, share: f32, seed: u64) -> Mask {
        let mut random = XorShift::new(seed);
        Plane::from_vec(
            width,
            height,
            (0..width * height)
                .map(|_| random.uniform() < share)
                .collect(),
        )
    }

    /// The definition, pixel by pixel.
    fn slow_dilate(mask: &Mask, r: f64) -> Mask {
        let half_widths = ellipse(r, mask);
        let reach = half_widths.len() as isize - 1;
        Plane::from_fn(mask.width(), mask.height(), |x, y| {
            (-reach..=reach).any(|dy| {
                let half = half_widths[dy.unsigned_abs()] as isize;
                (-half..=half).any(|dx| mask.is_true(x as isize + dx, y as isize + dy))
            })
        })
    }

    #[test]
    fn elements_of_small_radii() {
        let plane = Plane::new(40, 30, false);
        // Half widths of 3x3, 5x5, 7x7 and 11x11 elliptic elements.
        assert_eq!(ellipse(0.2, &plane), [1, 0]);
        assert_eq!(ellipse(1.4, &plane), [1, 0]);
        assert_eq!(ellipse(2.5, &plane), [2, 2, 0]);
        assert_eq!(ellipse(3.0, &plane), [3, 3, 2, 0]);
        assert_eq!(ellipse(5.0, &plane), [5, 5, 5, 4, 3, 0]);
    }

    #[test]
    fn dilate_follows_the_definition() {
        for (width, height) in [
            (1, 1),
            (5, 9),
            (63, 20),
            (64, 20),
            (65, 20),
            (130, 40),
            (200, 3),
        ] {
            for r in [1.0, 2.0, 4.0, 13.0, 70.0] {
                let mask = random_mask(width, height, 0.01, (width * 1000 + height) as u64);
                assert_eq!(
                    dilate(&mask, r),
                    slow_dilate(&mask, r),
                    "{width}x{height} r {r}"
                );
            }
        }
    }

    #[test]
    fn endless_radii_cover_everything() {
        let mut mask = Plane::new(70, 5, false);
        mask[(0, 0)] = true;
        for r in [1e12, f64::INFINITY] {
            assert_eq!(dilate(&mask, r).count(), 350);
            assert!(!erode(&mask.not(), r).any());
        }
        assert_eq!(dilate(&mask, f64::NAN), dilate(&mask, 1.0));
    }

    #[test]
    fn erode_is_dilate_of_the_rest() {
        let mask = random_mask(150, 60, 0.97, 5);
        assert_eq!(erode(&mask, 3.0), slow_dilate(&mask.not(), 3.0).not());
        // Outside counts as true: a full mask is not eroded at the border.
        assert!(
            erode(&Plane::new(70, 5, true), 4.0)
                .data()
                .iter()
                .all(|inside| *inside)
        );
    }

    #[test]
    fn open_removes_and_close_fills_small_things() {
        let mut mask = Plane::from_fn(80, 60, |x, y| {
            (10..60).contains(&x) && (10..50).contains(&y)
        });
        mask[(70, 30)] = true;
        mask[(30, 30)] = false;
        let opened = open(&mask, 2.0);
        assert!(!opened[(70, 30)] && opened[(20, 20)] && !opened[(30, 30)]);
        let closed = close(&mask, 2.0);
        assert!(closed[(70, 30)] && closed[(30, 30)] && !closed[(66, 30)]);
        // Both are projections: a second pass changes nothing.
        assert_eq!(open(&opened, 2.0), opened);
        assert_eq!(close(&closed, 2.0), closed);
    }
}
