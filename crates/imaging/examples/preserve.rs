//! Puts an original back into a made picture, to look at: `preserve ORIGINAL MADE OUTPUT.jpg`.

use drape_imaging::{Limits, Picture, Subsampling, decode, encode_jpeg, preserve, resize_exact};

fn read(path: &str) -> Result<Picture, Box<dyn std::error::Error>> {
    let bytes = std::fs::read(path)?;
    Ok(decode(&bytes, &Limits::default())?)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [original, made, output] = arguments.as_slice() else {
        return Err("usage: preserve ORIGINAL MADE OUTPUT.jpg".into());
    };
    let (original, made) = (read(original)?, read(made)?);
    let begun = std::time::Instant::now();
    let kept = preserve(&original, &made, &[])?;
    println!(
        "{} x {} pixels, {:.0} % new, {:.0} ms",
        kept.picture.width(),
        kept.picture.height(),
        kept.edited_share * 100.0,
        begun.elapsed().as_secs_f64() * 1_000.0
    );
    // Side by side: the original, the made picture, the result, the mask.
    let (width, height) = (original.width(), original.height());
    let gray = kept.mask.levels.iter().flat_map(|level| [*level; 3]);
    let mask = Picture::new(kept.mask.width, kept.mask.height, gray.collect());
    let mask = mask.ok_or("the mask has another size than it says")?;
    let columns = [
        original.clone(),
        resize_exact(&made, width, height),
        kept.picture,
        resize_exact(&mask, width, height),
    ];
    let rows = (0..height).flat_map(|y| columns.iter().flat_map(move |column| column.row(y)));
    let sheet = Picture::new(width * 4, height, rows.copied().collect()).ok_or("too wide")?;
    std::fs::write(output, encode_jpeg(&sheet, 90, Subsampling::S444))?;
    Ok(())
}
