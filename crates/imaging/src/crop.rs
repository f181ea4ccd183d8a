//! Boxes within pictures and the person-aware 4:5 crop.

/// Marks a rectangle of whole pixels within a picture; the origin is the top left corner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CropBox {
    /// First column.
    pub x: u32,
    /// First row.
    pub y: u32,
    /// Number of columns.
    pub width: u32,
    /// Number of rows.
    pub height: u32,
}

impl CropBox {
    /// Returns the part that lies in a picture of `width` x `height` pixels; at least one pixel.
    pub fn clamped_to(self, width: u32, height: u32) -> CropBox {
        let x = self.x.min(width.saturating_sub(1));
        let y = self.y.min(height.saturating_sub(1));
        CropBox {
            x,
            y,
            width: self.width.clamp(1, (width - x).max(1)),
            height: self.height.clamp(1, (height - y).max(1)),
        }
    }
}
