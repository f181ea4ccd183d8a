//! Picture primitives: planes, colour, filters, masks, contours, warps and cuts.
//!
//! Everything here is generic picture arithmetic without any knowledge of people or garments. Colours are in R, G, B order,
//! coordinates are (x, y) with pixel centres on whole numbers, and every function gives the same result for the same input
//! whatever the number of threads.

#![cfg_attr(
    test,
    expect(clippy::float_cmp, reason = "small whole numbers and copies are exact")
)]

mod arap;
mod color;
mod fill;
mod filter;
mod grabcut;
mod line;
mod mask;
mod math;
mod morph;
mod plane;
mod point;
mod random;
mod region;
mod resize;
mod shape;
mod stats;
mod warp;

pub use arap::*;
pub use color::*;
pub use fill::*;
pub use filter::*;
pub use grabcut::*;
pub use line::*;
pub use mask::*;
pub use morph::*;
pub use plane::*;
pub use point::*;
pub use random::*;
pub use region::*;
pub use resize::*;
pub use shape::*;
pub use stats::*;
pub use warp::*;

#[cfg(test)]
mod tests {
    use super::*;

    /// Everything that shares its work between threads, on a picture that is large enough for that.
    fn work() -> (Vec<Color>, Vec<Gray>, Mask) {
        let noise = normal_noise(320, 260, 3);
        let image = noise.map(|value| [128.0 + 20.0 * value, 100.0 + 30.0 * value, 90.0]);
        let image = to_rgb8(&gaussian(&image, 1.5));
        let colors = lab(&image);
        let mask = luma(&image).map(|value| value > 110.0);
        let trimap = Plane::from_fn(320, 260, |x, y| match (x, y) {
            (100..200, 80..180) => Seed::Foreground,
            (60..260, 40..220) => Seed::ProbableForeground,
            _ => Seed::Background,
        });
        let map = Plane::from_fn(320, 260, |x, y| [x as f32 * 0.9, y as f32 * 1.1]);
        let planes = vec![
            bilateral(&colors, 5, 8.0, 3.0),
            gaussian(&colors, 14.0),
            box_blur(&colors, 7, 3),
            sobel_x_color(&colors),
            resize_cubic(&colors, 500, 400),
            rgb_from_lab(&colors),
            remap_linear(&colors, &map, Border::Replicate),
            inpaint(&colors, &mask, 3.0),
        ];
        (
            planes,
            vec![noise, distance_inside(&mask)],
            grab_cut(&image, &trimap, 3),
        )
    }

    #[test]
    fn results_do_not_depend_on_the_number_of_threads() -> Result<(), rayon::ThreadPoolBuildError> {
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()?;
            Ok(pool.install(work))
        };
        assert!(run(1)? == run(5)?);
        Ok(())
    }
}
