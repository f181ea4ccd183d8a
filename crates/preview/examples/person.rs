//! Draws what the person analysis found over the photo, and prints its measures.
//!
//! `cargo run -p drape-preview --example person -- PHOTO OVERLAY.png [FACE_X FACE_Y FACE_SIZE | none]`
//!
//! Left: silhouette (green), skin (orange), hair (magenta), torso edges (yellow), arm paths (white), shoulder tips (red), hem
//! (cyan) and waist (blue). Right: the clothes worn, top (red), long sleeves (orange), bottom (blue), bare arms (green). The
//! silhouette alone is written beside it as `OVERLAY.mask.png`.

use std::error::Error;
use std::time::Instant;

use drape_imaging::{FaceDetector, FaceSearch, Limits, decode};
use drape_preview::fit::Stance;
use drape_preview::person::{FaceBox, PersonRegions, Side, analyze, arm_path};
use drape_preview::raster::{Mask, Point, Rgb8, erode};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [photo, overlay, face @ ..] = arguments.as_slice() else {
        return Err("usage: person PHOTO OVERLAY.png [FACE_X FACE_Y FACE_SIZE | none]".into());
    };
    let picture = decode(&std::fs::read(photo)?, &Limits::default())?;
    let face = match face {
        [x, y, size] => Some(FaceBox {
            center: Point::new(x.parse()?, y.parse()?),
            size: size.parse()?,
        }),
        [] => FaceDetector::new()
            .detect(&picture, FaceSearch::Tilted)
            .first()
            .map(|face| {
                let [left, top, width, height] =
                    [face.x, face.y, face.width, face.height].map(f64::from);
                FaceBox::from_detector(left, top, width, height)
            }),
        _ => None,
    };
    let pixels = picture.data().as_chunks::<3>().0.to_vec();
    let image = Rgb8::from_vec(picture.width() as usize, picture.height() as usize, pixels);
    let begin = Instant::now();
    let person = analyze(&image, face)?;
    println!("ms {:.1}", begin.elapsed().as_secs_f64() * 1e3);
    print_measures(&person);
    save(
        &beside(&draw_body(&person), &draw_clothes(&person)),
        overlay,
    )?;
    let white_on_black = |inside: bool| if inside { [255; 3] } else { [0; 3] };
    save(
        &person.silhouette.map(white_on_black),
        &format!("{}.mask.png", overlay.trim_end_matches(".png")),
    )
}

fn print_measures(person: &PersonRegions) {
    println!("face {:?}", person.face);
    println!(
        "background_sigma {:.2} scene {}\noutline_agreement {:.3}",
        person.background_sigma, person.scene, person.outline_agreement
    );
    println!(
        "shoulder_width {:.1}\ncenter_x {:.1}\nneck_x {:.1}\nshoulder_y {:.1}\nchin {:.1}",
        person.shoulder_width, person.center_x, person.neck_x, person.shoulder_y, person.chin
    );
    println!("top {} bottom {}", person.top, person.bottom);
    println!(
        "skin_found {} cloth_share {:.2}",
        person.skin_found, person.skin_cloth_share
    );
    println!(
        "hem {} waist {} score {:.1} one_piece {} tuck {}",
        person.hem, person.waist, person.waist_score, person.one_piece, person.tuck_possible
    );
    println!("edge_confidence {:.2}", person.edge_confidence);
    println!("bare_arm {:.2?}", person.bare_arm);
    println!("long_sleeve {:.2?}", person.long_sleeve);
    println!("low_hem {} legs_bare {}", person.low_hem, person.legs_bare);
}

fn draw_body(person: &PersonRegions) -> Rgb8 {
    let mut canvas = person.image.clone();
    tint(&mut canvas, &person.skin, [255, 170, 0]);
    tint(&mut canvas, &person.hair, [255, 0, 255]);
    let outline = person.silhouette.and_not(&erode(&person.silhouette, 1.0));
    tint(&mut canvas, &outline, [0, 255, 0]);
    tint(&mut canvas, &outline, [0, 255, 0]);
    for y in 0..canvas.height() {
        dot(
            &mut canvas,
            Point::new(person.torso_left[y], y as f64),
            [255, 255, 0],
        );
        dot(
            &mut canvas,
            Point::new(person.torso_right[y], y as f64),
            [255, 255, 0],
        );
    }
    for x in 0..canvas.width() {
        dot(
            &mut canvas,
            Point::new(x as f64, person.hem_curve[x]),
            [0, 255, 255],
        );
        dot(
            &mut canvas,
            Point::new(x as f64, person.waist_curve[x]),
            [0, 0, 255],
        );
    }
    for side in Side::ALL {
        if let Some(path) = arm_path(person, side) {
            for point in path.outer.iter().chain(&path.inner) {
                dot(&mut canvas, *point, [255, 255, 255]);
            }
        }
        blot(&mut canvas, person.shoulder_tips[side], [255, 0, 0]);
    }
    draw_legs(&mut canvas, &Stance::find(person));
    for x in 0..30 {
        dot(
            &mut canvas,
            Point::new(f64::from(x), person.chin),
            [255, 0, 0],
        );
    }
    canvas
}

/// Draws where the legs are, seen or not, and what the body needs of a skirt.
fn draw_legs(canvas: &mut Rgb8, stance: &Stance) {
    for y in stance.crotch.max(0.0) as usize..canvas.height() {
        for side in Side::ALL {
            let (axis, half) = stance.leg(side, y as f64);
            for x in [
                axis - half,
                axis,
                axis + half,
                stance.body_edge(side, y as f64),
            ] {
                dot(canvas, Point::new(x, y as f64), [0, 255, 255]);
            }
        }
    }
}

fn draw_clothes(person: &PersonRegions) -> Rgb8 {
    let mut canvas = person.image.clone();
    tint(&mut canvas, &person.old_top, [255, 0, 0]);
    tint(&mut canvas, &person.old_sleeves, [255, 200, 0]);
    tint(&mut canvas, &person.old_bottom, [0, 0, 255]);
    tint(&mut canvas, &person.arm, [0, 255, 0]);
    canvas
}

fn tint(canvas: &mut Rgb8, mask: &Mask, color: [u8; 3]) {
    for (pixel, inside) in canvas.data_mut().iter_mut().zip(mask.data()) {
        if *inside {
            *pixel = std::array::from_fn(|channel| pixel[channel].midpoint(color[channel]));
        }
    }
}

fn dot(canvas: &mut Rgb8, at: Point, color: [u8; 3]) {
    let (x, y) = (at.x.round() as isize, at.y.round() as isize);
    if canvas.contains(x, y) {
        canvas[(x as usize, y as usize)] = color;
    }
}

fn blot(canvas: &mut Rgb8, at: Point, color: [u8; 3]) {
    for step in 0..49 {
        let offset = Point::new(f64::from(step % 7 - 3), f64::from(step / 7 - 3));
        dot(canvas, at + offset, color);
    }
}

fn beside(left: &Rgb8, right: &Rgb8) -> Rgb8 {
    Rgb8::from_fn(left.width() * 2, left.height(), |x, y| {
        if x < left.width() {
            left[(x, y)]
        } else {
            right[(x - left.width(), y)]
        }
    })
}

fn save(picture: &Rgb8, path: &str) -> Result<(), Box<dyn Error>> {
    let bytes: Vec<u8> = picture.data().iter().flatten().copied().collect();
    let (width, height) = (picture.width() as u32, picture.height() as u32);
    image::save_buffer(path, &bytes, width, height, image::ColorType::Rgb8)?;
    Ok(())
}
