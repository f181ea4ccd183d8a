//! Logo and label on finished pictures.
//!
//! [`mark_picture`] does all of it: it looks for faces, finds places that leave them free, and draws. The parts can be
//! used by themselves: [`place_logo`], [`draw_logo`], [`draw_label`].

mod blur;
mod draw;
mod glyphs;
mod label;
mod light;
mod logo;
mod place;

pub use draw::{DrawnLogo, draw_logo};
pub use label::draw_label;
pub use logo::{Logo, LogoError, MAX_LOGO_BYTES, MAX_LOGO_SIDE, MIN_LOGO_SIDE};
pub use place::{Anchor, LogoStyle, Place, logo_size, place_logo};

use crate::{CropBox, FaceDetector, FaceSearch, Picture};
use place::{grown, head_of};

/// Free space between logo and label, as a share of the picture's short side.
const GAP_SHARE: f32 = 0.01;

/// What was drawn onto a picture, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Marked {
    /// The logo.
    pub logo: Option<DrawnLogo>,
    /// The label.
    pub label: Option<CropBox>,
}

/// Draws a logo, the label "AI-generated", or both, away from faces and from each other as far as there is room.
///
/// Pixels outside of what is returned stay as they are. Deterministic.
pub fn mark_picture(
    picture: &mut Picture,
    logo: Option<(&Logo, &LogoStyle)>,
    has_label: bool,
) -> Marked {
    let mut marked = Marked::default();
    if logo.is_none() && !has_label {
        return marked;
    }
    let (width, height) = (picture.width(), picture.height());
    let mut taken: Vec<CropBox> = FaceDetector::new()
        .detect(picture, FaceSearch::Tilted)
        .iter()
        .filter_map(|face| head_of(face, width, height))
        .collect();
    if let Some((logo, style)) = logo {
        let area = place_logo(
            (width, height),
            (logo.width(), logo.height()),
            style,
            &taken,
        );
        let drawn = draw_logo(picture, logo, area, style.opacity);
        let gap = (width.min(height) as f32 * GAP_SHARE).ceil() as u32;
        taken.push(grown(drawn.area, gap, width, height));
        marked.logo = Some(drawn);
    }
    if has_label {
        marked.label = Some(draw_label(picture, &taken));
    }
    marked
}
