//! The logo that an account puts onto its results.

use std::fmt;

use bytes::Bytes;

use crate::{
    Code, Detail, Error, Result,
    ids::AccountId,
    ports::{Pictures, Watermarks},
    time::Timestamp,
};

/// One of nine places on a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Anchor {
    /// Upper left corner.
    TopLeft,
    /// Middle of the upper edge.
    TopCenter,
    /// Upper right corner.
    TopRight,
    /// Middle of the left edge.
    CenterLeft,
    /// The very middle.
    Center,
    /// Middle of the right edge.
    CenterRight,
    /// Lower left corner.
    BottomLeft,
    /// Middle of the lower edge.
    BottomCenter,
    /// Lower right corner.
    #[default]
    BottomRight,
}

impl Anchor {
    /// All anchors, row by row.
    pub const ALL: [Self; 9] = [
        Self::TopLeft,
        Self::TopCenter,
        Self::TopRight,
        Self::CenterLeft,
        Self::Center,
        Self::CenterRight,
        Self::BottomLeft,
        Self::BottomCenter,
        Self::BottomRight,
    ];

    /// Wire name, also the stored one.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TopLeft => "top-left",
            Self::TopCenter => "top-center",
            Self::TopRight => "top-right",
            Self::CenterLeft => "center-left",
            Self::Center => "center",
            Self::CenterRight => "center-right",
            Self::BottomLeft => "bottom-left",
            Self::BottomCenter => "bottom-center",
            Self::BottomRight => "bottom-right",
        }
    }

    /// Finds the anchor with this wire name.
    pub fn from_wire(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|anchor| anchor.as_str() == name)
    }
}

impl fmt::Display for Anchor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How a logo is put onto results; a value of this type is always within its bounds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WatermarkStyle {
    anchor: Anchor,
    width_share: f64,
    opacity: f64,
    margin_share: f64,
}

impl WatermarkStyle {
    /// Least and largest width, as shares of the picture's width.
    pub const WIDTH_SHARES: (f64, f64) = (0.02, 1.0);
    /// Least and largest opacity.
    pub const OPACITIES: (f64, f64) = (0.05, 1.0);
    /// Least and largest margin, as shares of the picture's short side.
    pub const MARGIN_SHARES: (f64, f64) = (0.0, 0.25);

    /// Where the logo goes unless a face is there.
    pub fn anchor(&self) -> Anchor {
        self.anchor
    }

    /// Width of the logo as a share of the picture's width.
    pub fn width_share(&self) -> f64 {
        self.width_share
    }

    /// How much of what lies below is covered.
    pub fn opacity(&self) -> f64 {
        self.opacity
    }

    /// Distance from the edges as a share of the picture's short side.
    pub fn margin_share(&self) -> f64 {
        self.margin_share
    }

    /// Applies a change; what is none stays as it is.
    ///
    /// Errors: `VALIDATION_FAILED` with a detail for each value out of bounds, at `widthShare`, `opacity` and
    /// `marginShare`.
    pub fn changed(self, change: WatermarkChange) -> Result<Self> {
        let changed = Self {
            anchor: change.anchor.unwrap_or(self.anchor),
            width_share: change.width_share.unwrap_or(self.width_share),
            opacity: change.opacity.unwrap_or(self.opacity),
            margin_share: change.margin_share.unwrap_or(self.margin_share),
        };
        let mut details = Vec::new();
        for (path, value, (least, largest)) in [
            ("widthShare", changed.width_share, Self::WIDTH_SHARES),
            ("opacity", changed.opacity, Self::OPACITIES),
            ("marginShare", changed.margin_share, Self::MARGIN_SHARES),
        ] {
            if !(least..=largest).contains(&value) {
                details.push(Detail {
                    path: path.to_owned(),
                    message: format!("Expected a number from {least} to {largest}"),
                });
            }
        }
        if details.is_empty() {
            return Ok(changed);
        }
        Err(Error::validation(details))
    }
}

impl Default for WatermarkStyle {
    /// Bottom right, 18 % of the width, opacity 0.85, a margin of 3 %.
    fn default() -> Self {
        Self {
            anchor: Anchor::BottomRight,
            width_share: 0.18,
            opacity: 0.85,
            margin_share: 0.03,
        }
    }
}

/// New values of a style; what is none stays as it is.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct WatermarkChange {
    /// Where the logo goes.
    pub anchor: Option<Anchor>,
    /// Width as a share of the picture's width, 0.02..=1.
    pub width_share: Option<f64>,
    /// Opacity, 0.05..=1.
    pub opacity: Option<f64>,
    /// Margin as a share of the picture's short side, 0..=0.25.
    pub margin_share: Option<f64>,
}

/// A logo after its checks.
#[derive(Clone, PartialEq, Eq)]
pub struct NormalizedLogo {
    /// PNG file: 8 bit RGBA, sRGB, no metadata, no transparent borders.
    pub png: Bytes,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
}

impl fmt::Debug for NormalizedLogo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (width, height) = (self.width, self.height);
        write!(
            f,
            "NormalizedLogo({width} x {height}, {} bytes)",
            self.png.len()
        )
    }
}

/// The logo of an account and how it is put onto results.
#[derive(Debug, Clone, PartialEq)]
pub struct Watermark {
    /// The logo.
    pub logo: NormalizedLogo,
    /// How it is put onto results.
    pub style: WatermarkStyle,
    /// When it was last set.
    pub updated_at: Timestamp,
}

/// Sets, or changes, the watermark of an account that exists.
///
/// Without `logo` the present one stays. Values that `change` leaves out stay as they are; on the first call they are
/// those of [`WatermarkStyle::default`]. A logo that is refused changes nothing.
///
/// Errors: `VALIDATION_FAILED` for values out of bounds, `FILE_REQUIRED` without a logo old or new, `INVALID_IMAGE`,
/// `UNSUPPORTED_IMAGE_FORMAT` and `PAYLOAD_TOO_LARGE` for the logo, `SERVER_BUSY`.
pub async fn set_watermark(
    watermarks: &dyn Watermarks,
    pictures: &dyn Pictures,
    account: AccountId,
    logo: Option<Bytes>,
    change: WatermarkChange,
    now: Timestamp,
) -> Result<Watermark> {
    let present = watermarks.find(account).await?;
    let style = present
        .as_ref()
        .map_or_else(WatermarkStyle::default, |watermark| watermark.style);
    let style = style.changed(change)?;
    let logo = match (logo, present) {
        (Some(bytes), _) => pictures.normalize_logo(bytes).await?,
        (None, Some(present)) => present.logo,
        (None, None) => {
            return Err(Error::new(
                Code::FileRequired,
                "The account has no logo yet: send one in the field \"logo\".",
            ));
        }
    };
    let watermark = Watermark {
        logo,
        style,
        updated_at: now,
    };
    watermarks.set(account, watermark.clone()).await?;
    Ok(watermark)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_are_found_by_their_names() {
        for anchor in Anchor::ALL {
            assert_eq!(Anchor::from_wire(anchor.as_str()), Some(anchor));
        }
        assert_eq!(Anchor::from_wire("bottom"), None);
    }

    #[test]
    fn a_style_changes_only_what_is_named() {
        let change = WatermarkChange {
            anchor: Some(Anchor::TopLeft),
            opacity: Some(1.0),
            ..WatermarkChange::default()
        };
        let style = WatermarkStyle::default().changed(change).unwrap();
        assert_eq!((style.anchor(), style.opacity()), (Anchor::TopLeft, 1.0));
        assert_eq!((style.width_share(), style.margin_share()), (0.18, 0.03));
    }

    #[test]
    fn bounds_are_kept_and_all_offences_named() {
        let change = |width_share, opacity, margin_share| WatermarkChange {
            width_share: Some(width_share),
            opacity: Some(opacity),
            margin_share: Some(margin_share),
            ..WatermarkChange::default()
        };
        let changed = |change| WatermarkStyle::default().changed(change);
        assert!(changed(change(0.02, 0.05, 0.0)).is_ok());
        assert!(changed(change(1.0, 1.0, 0.25)).is_ok());
        let error = changed(change(0.019, 1.01, f64::NAN)).unwrap_err();
        let paths: Vec<_> = error
            .details()
            .iter()
            .map(|detail| detail.path.as_str())
            .collect();
        assert_eq!(paths, ["widthShare", "opacity", "marginShare"]);
    }
}
