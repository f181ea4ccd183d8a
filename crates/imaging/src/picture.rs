//! The picture that everything else here takes and gives.

use crate::CropBox;

/// The longest side that a [`Picture`] can have; JPEG cannot store more.
pub const MAX_PICTURE_SIDE: u32 = 65_535;

/// Holds an upright sRGB picture without alpha.
///
/// Three bytes per pixel (red, green, blue), rows from top to bottom without padding. Both sides are between 1 and
/// [`MAX_PICTURE_SIDE`]; every constructor keeps that, so no function that takes a picture has to check it.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    width: u32,
    height: u32,
    data: Vec<u8>,
}

impl Picture {
    /// Wraps pixel bytes.
    ///
    /// `None` when a side is 0 or above [`MAX_PICTURE_SIDE`], or when `data` is not `width * height * 3` bytes long.
    pub fn new(width: u32, height: u32, data: Vec<u8>) -> Option<Self> {
        let sides = 1..=MAX_PICTURE_SIDE;
        if !sides.contains(&width) || !sides.contains(&height) {
            return None;
        }
        if data.len() != width as usize * height as usize * 3 {
            return None;
        }
        Some(Picture {
            width,
            height,
            data,
        })
    }

    /// Makes a picture of one colour.
    ///
    /// Sides are brought into 1..=[`MAX_PICTURE_SIDE`].
    pub fn filled(width: u32, height: u32, colour: [u8; 3]) -> Self {
        let width = width.clamp(1, MAX_PICTURE_SIDE);
        let height = height.clamp(1, MAX_PICTURE_SIDE);
        let data = colour.repeat(width as usize * height as usize);
        Picture {
            width,
            height,
            data,
        }
    }

    /// Makes a black picture to be painted over; cheaper than [`Picture::filled`], as fresh memory is zero already.
    ///
    /// Sides are brought into 1..=[`MAX_PICTURE_SIDE`].
    pub(crate) fn blank(width: u32, height: u32) -> Self {
        let width = width.clamp(1, MAX_PICTURE_SIDE);
        let height = height.clamp(1, MAX_PICTURE_SIDE);
        let data = vec![0; width as usize * height as usize * 3];
        Picture {
            width,
            height,
            data,
        }
    }

    /// Returns the width in pixels.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Returns the height in pixels.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// Returns all bytes, row by row.
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// Returns all bytes for changing.
    pub fn data_mut(&mut self) -> &mut [u8] {
        &mut self.data
    }

    /// Gives the bytes away.
    pub fn into_data(self) -> Vec<u8> {
        self.data
    }

    /// Returns the bytes of row `y`, counted from the top.
    ///
    /// # Panics
    /// When `y` is not below the height, as a slice would.
    pub fn row(&self, y: u32) -> &[u8] {
        let stride = self.width as usize * 3;
        &self.data[y as usize * stride..][..stride]
    }

    /// Returns the bytes of row `y` for changing.
    ///
    /// # Panics
    /// When `y` is not below the height, as a slice would.
    pub fn row_mut(&mut self, y: u32) -> &mut [u8] {
        let stride = self.width as usize * 3;
        &mut self.data[y as usize * stride..][..stride]
    }

    /// Returns red, green and blue at column `x`, row `y`.
    ///
    /// # Panics
    /// When the point lies outside, as a slice would.
    pub fn pixel(&self, x: u32, y: u32) -> [u8; 3] {
        let at = x as usize * 3;
        let row = self.row(y);
        [row[at], row[at + 1], row[at + 2]]
    }

    /// Sets red, green and blue at column `x`, row `y`.
    ///
    /// # Panics
    /// When the point lies outside, as a slice would.
    pub fn set_pixel(&mut self, x: u32, y: u32, colour: [u8; 3]) {
        let at = x as usize * 3;
        self.row_mut(y)[at..at + 3].copy_from_slice(&colour);
    }

    /// Returns the box that covers the whole picture.
    pub fn bounds(&self) -> CropBox {
        CropBox {
            x: 0,
            y: 0,
            width: self.width,
            height: self.height,
        }
    }

    /// Copies a part of the picture.
    ///
    /// The box is cut to the picture first; a box that lies outside gives the nearest single pixel.
    #[must_use]
    pub fn cropped(&self, area: CropBox) -> Picture {
        let area = area.clamped_to(self.width, self.height);
        let mut data = Vec::with_capacity(area.width as usize * area.height as usize * 3);
        for y in area.y..area.y + area.height {
            let row = self.row(y);
            data.extend_from_slice(&row[area.x as usize * 3..][..area.width as usize * 3]);
        }
        Picture {
            width: area.width,
            height: area.height,
            data,
        }
    }
}

impl std::fmt::Debug for Picture {
    /// Prints the size only: a picture's pixels belong in no log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Picture({} x {})", self.width, self.height)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_sizes_are_refused() {
        assert!(Picture::new(2, 2, vec![0; 12]).is_some());
        assert!(Picture::new(2, 2, vec![0; 11]).is_none());
        assert!(Picture::new(0, 2, vec![]).is_none());
        assert!(Picture::new(65_536, 1, vec![0; 65_536 * 3]).is_none());
    }

    #[test]
    fn cropping_copies_the_right_pixels_and_stays_inside() {
        let data: Vec<u8> = (0..4 * 3 * 3).map(|value| value as u8).collect();
        let picture = Picture::new(4, 3, data).unwrap();
        let part = picture.cropped(CropBox {
            x: 1,
            y: 1,
            width: 2,
            height: 9,
        });
        assert_eq!((part.width(), part.height()), (2, 2));
        assert_eq!(part.pixel(0, 0), picture.pixel(1, 1));
        assert_eq!(part.pixel(1, 1), picture.pixel(2, 2));
        let outside = picture.cropped(CropBox {
            x: 90,
            y: 90,
            width: 5,
            height: 5,
        });
        assert_eq!(outside.pixel(0, 0), picture.pixel(3, 2));
    }

    #[test]
    fn debug_output_holds_no_pixels() {
        assert_eq!(
            format!("{:?}", Picture::filled(3, 2, [7, 7, 7])),
            "Picture(3 x 2)"
        );
    }
}
