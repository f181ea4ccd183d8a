//! Which size a picture gets. Sizes are truncated, as the reference does: the longer side may come out one pixel short.

use super::PictureError;

/// Width and height in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Pixels per row.
    pub width: usize,
    /// Rows.
    pub height: usize,
}

impl Size {
    /// Width first, then height.
    pub const fn new(width: usize, height: usize) -> Self {
        Self { width, height }
    }
}

impl std::fmt::Display for Size {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}x{}", self.width, self.height)
    }
}

/// The canvas of the network: 576 pixels wide, 864 high.
pub const CANVAS: Size = Size::new(576, 864);

/// Pixels at each side of a fitted picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Padding {
    /// Columns before the picture.
    pub left: usize,
    /// Rows above it.
    pub top: usize,
    /// Columns after it.
    pub right: usize,
    /// Rows below it.
    pub bottom: usize,
}

/// How a photo is brought onto the canvas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kernel {
    /// The scale is exactly 1: the pixels stay.
    Keep,
    /// Smaller: average over the area.
    Area,
    /// Larger: Lanczos with eight taps.
    Lanczos4,
}

/// Where a picture lies on a canvas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fitted {
    /// Size of the picture on the canvas.
    pub size: Size,
    /// What is black around it.
    pub padding: Padding,
    /// How a photo is resized.
    pub kernel: Kernel,
}

/// Size of a picture whose longer side shall be at most `longest` pixels; never larger than it was.
///
/// Fails where the picture is empty, or so narrow that the shorter side would vanish.
pub fn shrunk_size(size: Size, longest: usize) -> Result<Size, PictureError> {
    not_empty(size)?;
    let scale = longest as f64 / size.width.max(size.height) as f64;
    if scale >= 1.0 {
        return Ok(size);
    }
    not_empty(scaled(size, scale))
}

/// Size and place of a picture on `canvas`: as large as fits, in the middle, the odd pixel of padding to the right or below.
///
/// Fails where the picture or the canvas is empty, or the picture so narrow that the shorter side would vanish.
pub fn fit_size(size: Size, canvas: Size) -> Result<Fitted, PictureError> {
    not_empty(size)?;
    not_empty(canvas)?;
    let scale =
        (canvas.width as f64 / size.width as f64).min(canvas.height as f64 / size.height as f64);
    let kernel = if scale < 1.0 {
        Kernel::Area
    } else if scale > 1.0 {
        Kernel::Lanczos4
    } else {
        Kernel::Keep
    };
    let fitted = not_empty(scaled(size, scale))?;
    let (across, down) = (
        canvas.width.saturating_sub(fitted.width),
        canvas.height.saturating_sub(fitted.height),
    );
    let padding = Padding {
        left: across / 2,
        top: down / 2,
        right: across - across / 2,
        bottom: down - down / 2,
    };
    Ok(Fitted {
        size: fitted,
        padding,
        kernel,
    })
}

fn scaled(size: Size, scale: f64) -> Size {
    Size::new(
        (size.width as f64 * scale) as usize,
        (size.height as f64 * scale) as usize,
    )
}

fn not_empty(size: Size) -> Result<Size, PictureError> {
    if size.width == 0 || size.height == 0 {
        return Err(PictureError::Empty {
            width: size.width,
            height: size.height,
        });
    }
    Ok(size)
}
