//! Draws what the garment analysis found over the product photo, and prints its measures.
//!
//! `cargo run -p drape-preview --example garment -- PHOTO OVERLAY.png [top|bottom|dress] [MASK.png] [FACE_X FACE_Y FACE_SIZE]`

use std::error::Error;
use std::time::Instant;

use drape_imaging::{FaceDetector, FaceSearch, Limits, decode};
use drape_preview::garment::{Category, Cut, GarmentShape, UpperShape, analyze};
use drape_preview::person::{FaceBox, Side};
use drape_preview::raster::{Mask, Plane, Point, Rgb8};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [photo, overlay, rest @ ..] = arguments.as_slice() else {
        return Err("usage: garment PHOTO OVERLAY.png [top|bottom|dress] [MASK.png] [FACE_X FACE_Y FACE_SIZE]".into());
    };
    let category = match rest.first().map(String::as_str) {
        Some("top") => Some(Category::Top),
        Some("bottom") => Some(Category::Bottom),
        Some("dress") => Some(Category::Dress),
        _ => None,
    };
    let decoded = decode(&std::fs::read(photo)?, &Limits::default())?;
    let pixels = decoded.data().as_chunks::<3>().0.to_vec();
    let picture = Rgb8::from_vec(decoded.width() as usize, decoded.height() as usize, pixels);
    let face = match rest.get(2..5) {
        Some([x, y, size]) => Some(FaceBox {
            center: Point::new(x.parse()?, y.parse()?),
            size: size.parse()?,
        }),
        _ => FaceDetector::new()
            .detect(&decoded, FaceSearch::Tilted)
            .first()
            .map(|face| {
                let [left, top, width, height] =
                    [face.x, face.y, face.width, face.height].map(f64::from);
                FaceBox::from_detector(left, top, width, height)
            }),
    };
    let begin = Instant::now();
    let shape = analyze(&picture, category, face)?;
    println!("ms {:.1}", begin.elapsed().as_secs_f64() * 1e3);
    print_measures(&shape);
    save(&draw(&shape), overlay)?;
    if let Some(path) = rest.get(1) {
        save(
            &shape.mask.map(|inside| [if inside { 255 } else { 0 }; 3]),
            path,
        )?;
    }
    Ok(())
}

fn save(picture: &Rgb8, path: &str) -> Result<(), Box<dyn Error>> {
    let bytes: Vec<u8> = picture.data().iter().flatten().copied().collect();
    let (width, height) = (picture.width() as u32, picture.height() as u32);
    image::save_buffer(path, &bytes, width, height, image::ColorType::Rgb8)?;
    Ok(())
}

fn print_measures(shape: &GarmentShape) {
    println!(
        "category {:?}\nguess {:?}\nsigma {:.4}",
        shape.category, shape.guess, shape.background_sigma
    );
    println!(
        "center_x {:.2}\nmean {:.4}",
        shape.center_x,
        shape.mask.mean()
    );
    for (name, point) in points(shape) {
        println!("point {name} {:.2} {:.2}", point.x, point.y);
    }
    match &shape.cut {
        Cut::Upper(upper) => print_upper(upper),
        Cut::Lower(lower) => println!(
            "waist_width {:.2}\nlegs_apart {}\nis_skirt {}",
            lower.waist_width, lower.legs_apart, lower.is_skirt
        ),
    }
}

fn print_upper(upper: &UpperShape) {
    println!(
        "shoulder_width {:.2}\narmpit_width {:.2}",
        upper.shoulder_width, upper.armpit_width
    );
    println!(
        "torso_width {:.2}\naxis_x {:.2}",
        upper.torso_width, upper.axis_x
    );
    println!(
        "half_width {:.2}\nread_as_sleeveless {}",
        upper.half_width, upper.read_as_sleeveless
    );
    println!(
        "body {}\nopening {}",
        upper.body.count(),
        upper.opening.count()
    );
    for (side, sleeve) in upper.sleeves.iter() {
        if let Some(sleeve) = sleeve {
            println!("sleeve {side:?} {}", sleeve.mask.count());
        }
    }
    if let Some(arc) = &upper.neck_arc {
        let rows: Vec<String> = arc.iter().map(|point| format!("{:.2}", point.y)).collect();
        println!("arc {}", rows.join(" "));
    }
    for warning in &upper.warnings {
        println!("warning {} {}", warning.factor, warning.reason);
    }
}

fn points(shape: &GarmentShape) -> Vec<(String, Point)> {
    let mut all = Vec::new();
    match &shape.cut {
        Cut::Upper(upper) => {
            for side in Side::ALL {
                let marks = &upper.landmarks;
                all.push((format!("shoulder{side:?}"), marks.shoulder[side]));
                all.push((format!("neck{side:?}"), marks.neck[side]));
                all.push((format!("armpit{side:?}"), marks.armpit[side]));
                all.push((format!("hem{side:?}"), marks.hem[side]));
                if let Some(sleeve) = &upper.sleeves[side] {
                    all.push((format!("cuffOuter{side:?}"), sleeve.cuff[0]));
                    all.push((
                        format!("cuffInner{side:?}"),
                        sleeve.cuff[sleeve.cuff.len() - 1],
                    ));
                }
            }
        }
        Cut::Lower(lower) => {
            for side in Side::ALL {
                all.push((format!("waist{side:?}"), lower.landmarks.waist[side]));
                all.push((format!("hip{side:?}"), lower.landmarks.hip[side]));
            }
            all.push(("crotch".to_owned(), lower.landmarks.crotch));
        }
    }
    all
}

fn draw(shape: &GarmentShape) -> Rgb8 {
    let mut picture = shape.work.clone();
    if let Some(upper) = shape.upper() {
        for sleeve in [&upper.sleeves.left, &upper.sleeves.right]
            .into_iter()
            .flatten()
        {
            tint(&mut picture, &sleeve.mask, [0, 128, 0]);
        }
        tint(&mut picture, &upper.opening, [0, 0, 200]);
    }
    let mask = &shape.mask;
    let rim = Plane::from_fn(mask.width(), mask.height(), |x, y| {
        let (x, y) = (x as isize, y as isize);
        let inside = mask.is_true(x, y);
        inside
            && !(mask.is_true(x - 1, y)
                && mask.is_true(x + 1, y)
                && mask.is_true(x, y - 1)
                && mask.is_true(x, y + 1))
    });
    paint(&mut picture, &rim, [0, 200, 0]);
    if let Some(arc) = shape.upper().and_then(|upper| upper.neck_arc.as_ref()) {
        for &point in arc {
            dot(&mut picture, point, 1.5, [0, 0, 255]);
        }
    }
    for (name, point) in points(shape) {
        let is_main = ["shoulder", "armpit", "waist"]
            .iter()
            .any(|main| name.starts_with(main));
        dot(
            &mut picture,
            point,
            6.0,
            if is_main { [255, 0, 0] } else { [255, 0, 255] },
        );
    }
    picture
}

fn tint(picture: &mut Rgb8, mask: &Mask, color: [u8; 3]) {
    for (pixel, &inside) in picture.data_mut().iter_mut().zip(mask.data()) {
        if inside {
            *pixel = std::array::from_fn(|channel| pixel[channel] / 2 + color[channel] / 2);
        }
    }
}

fn paint(picture: &mut Rgb8, mask: &Mask, color: [u8; 3]) {
    for (pixel, &inside) in picture.data_mut().iter_mut().zip(mask.data()) {
        if inside {
            *pixel = color;
        }
    }
}

fn dot(picture: &mut Rgb8, center: Point, radius: f64, color: [u8; 3]) {
    let (width, height) = picture.size();
    let span = |middle: f64, size: usize| {
        let first = (middle - radius).max(0.0) as usize;
        first..((middle + radius).max(0.0) as usize + 1).min(size)
    };
    for y in span(center.y, height) {
        for x in span(center.x, width) {
            if (Point::new(x as f64, y as f64) - center).length() <= radius {
                picture[(x, y)] = color;
            }
        }
    }
}
