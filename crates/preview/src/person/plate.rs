//! The clean plate: the background as it would look without the person, for scenes that no smooth wall describes.

use crate::raster::{Color, Mask, Plane, box_blur, dilate, nearest_true};

/// Work pixels around the silhouette that still show the person's rim.
const RIM: f64 = 3.0;
/// Width of the blur that hides where reflections meet, work pixels.
const SEAM_BLUR: usize = 5;

/// Fills the silhouette with the background reflected at its edge.
///
/// The strip just inside the edge is all that a try-on may ever uncover, and there a reflection continues texture and light
/// without a seam.
pub(super) fn without_person(lab: &Color, silhouette: &Mask) -> Color {
    let (width, height) = lab.size();
    let hidden = dilate(silhouette, RIM);
    let nearest = nearest_true(&hidden.not());
    let reflected = |x: usize, y: usize| {
        let at = nearest[(x, y)];
        if at == u32::MAX {
            return lab[(x, y)];
        }
        let (near_x, near_y) = (at as usize % width, at as usize / width);
        // From the nearest visible pixel as far outwards as the hidden one lies inwards, or less far where that is hidden too.
        let (step_x, step_y) = (near_x as f64 - x as f64, near_y as f64 - y as f64);
        let beyond = |share: f64| {
            let target_x = (near_x as f64 + share * step_x).round() as isize;
            let target_y = (near_y as f64 + share * step_y).round() as isize;
            let inside = lab.contains(target_x, target_y);
            let target = (target_x.max(0) as usize, target_y.max(0) as usize);
            (inside && !hidden[target]).then(|| lab[target])
        };
        [1.0, 0.6, 0.3]
            .into_iter()
            .find_map(beyond)
            .unwrap_or(lab[(near_x, near_y)])
    };
    let plate = Plane::from_fn(width, height, |x, y| {
        if hidden[(x, y)] {
            reflected(x, y)
        } else {
            lab[(x, y)]
        }
    });
    let soft = box_blur(&plate, SEAM_BLUR, SEAM_BLUR);
    Plane::from_fn(width, height, |x, y| {
        if hidden[(x, y)] {
            soft[(x, y)]
        } else {
            plate[(x, y)]
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stripes_go_on_behind_the_person() {
        let stripes = Color::from_fn(90, 60, |_, y| {
            if y / 10 % 2 == 0 {
                [80.0, 0.0, 0.0]
            } else {
                [20.0, 0.0, 0.0]
            }
        });
        let person = Mask::from_fn(90, 60, |x, _| (35..55).contains(&x));
        let mut photo = stripes.clone();
        for (pixel, inside) in photo.data_mut().iter_mut().zip(person.data()) {
            if *inside {
                *pixel = [50.0, 60.0, 0.0];
            }
        }
        let plate = without_person(&photo, &person);
        for (x, y) in [(36, 5), (45, 5), (53, 15), (40, 35)] {
            let off = (plate[(x, y)][0] - stripes[(x, y)][0]).abs();
            assert!(
                off < 8.0 && plate[(x, y)][1] < 1.0,
                "({x}, {y}) is off by {off}"
            );
        }
        assert!((plate[(5, 5)][0] - photo[(5, 5)][0]).abs() < 1e-6);
    }

    #[test]
    fn a_picture_full_of_person_is_left_alone() {
        let photo = Color::new(20, 20, [40.0, 5.0, 5.0]);
        let plate = without_person(&photo, &Mask::new(20, 20, true));
        assert!((plate[(10, 10)][0] - 40.0).abs() < 1e-3);
    }
}
