//! Which way up: the EXIF orientation and what it does to pixels and boxes.

use crate::{CropBox, Picture};

/// Says how stored pixels have to be turned to stand upright (EXIF 2.32, tag 0x0112).
///
/// The name says what is done to the stored picture to show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Orientation {
    /// Value 1: stored upright.
    #[default]
    Upright,
    /// Value 2: mirror left and right.
    MirrorHorizontal,
    /// Value 3: turn by 180 degrees.
    Rotate180,
    /// Value 4: mirror top and bottom.
    MirrorVertical,
    /// Value 5: swap rows and columns.
    Transpose,
    /// Value 6: turn by 90 degrees clockwise.
    Rotate90,
    /// Value 7: swap rows and columns along the other diagonal.
    Transverse,
    /// Value 8: turn by 90 degrees anticlockwise.
    Rotate270,
}

impl Orientation {
    /// Turns the EXIF value into an orientation; values outside 1..=8 count as upright.
    pub fn from_exif_value(value: u32) -> Self {
        match value {
            2 => Orientation::MirrorHorizontal,
            3 => Orientation::Rotate180,
            4 => Orientation::MirrorVertical,
            5 => Orientation::Transpose,
            6 => Orientation::Rotate90,
            7 => Orientation::Transverse,
            8 => Orientation::Rotate270,
            _ => Orientation::Upright,
        }
    }

    /// Reads the orientation from an EXIF block that starts with its TIFF header.
    ///
    /// Broken or missing data counts as upright: many programs write bad EXIF around good pictures.
    pub fn from_exif_block(block: &[u8]) -> Self {
        // Some writers keep JPEG's segment prefix in other containers.
        let block = block.strip_prefix(b"Exif\0\0").unwrap_or(block);
        let parsed = match exif::Reader::new()
            .continue_on_error(true)
            .read_raw(block.to_vec())
        {
            Ok(parsed) => Some(parsed),
            Err(exif::Error::PartialResult(partial)) => Some(partial.into_inner().0),
            Err(_) => None,
        };
        parsed
            .as_ref()
            .and_then(|tags| tags.get_field(exif::Tag::Orientation, exif::In::PRIMARY))
            .and_then(|field| field.value.get_uint(0))
            .map_or(Orientation::Upright, Orientation::from_exif_value)
    }

    /// Tells whether width and height change places.
    pub fn swaps_sides(self) -> bool {
        matches!(
            self,
            Orientation::Transpose
                | Orientation::Rotate90
                | Orientation::Transverse
                | Orientation::Rotate270
        )
    }

    /// Returns the size after turning a picture that is stored as `width` x `height`.
    pub fn upright_size(self, width: u32, height: u32) -> (u32, u32) {
        if self.swaps_sides() {
            (height, width)
        } else {
            (width, height)
        }
    }

    /// Maps a box of the upright picture back to the stored one, which is `width` x `height` pixels.
    pub(crate) fn box_to_stored(self, area: CropBox, width: u32, height: u32) -> CropBox {
        let CropBox {
            x,
            y,
            width: w,
            height: h,
        } = area;
        let (x, y, w, h) = match self {
            Orientation::Upright => (x, y, w, h),
            Orientation::MirrorHorizontal => (width - x - w, y, w, h),
            Orientation::Rotate180 => (width - x - w, height - y - h, w, h),
            Orientation::MirrorVertical => (x, height - y - h, w, h),
            Orientation::Transpose => (y, x, h, w),
            Orientation::Rotate90 => (y, height - x - w, h, w),
            Orientation::Transverse => (width - y - h, height - x - w, h, w),
            Orientation::Rotate270 => (width - y - h, x, h, w),
        };
        CropBox {
            x,
            y,
            width: w,
            height: h,
        }
    }

    /// Returns the one orientation that does what `self` and then `next` do.
    #[must_use]
    pub fn then(self, next: Orientation) -> Orientation {
        let (first, second) = (self.parts(), next.parts());
        // Flips that come before a swap of rows and columns act on the other axis after it.
        let (flip_x, flip_y) = if second.0 {
            (first.2, first.1)
        } else {
            (first.1, first.2)
        };
        Orientation::from_parts(first.0 != second.0, flip_x != second.1, flip_y != second.2)
    }

    /// Takes the orientation apart: swap rows and columns first, then flip left and right, then top and bottom.
    fn parts(self) -> (bool, bool, bool) {
        match self {
            Orientation::Upright => (false, false, false),
            Orientation::MirrorHorizontal => (false, true, false),
            Orientation::Rotate180 => (false, true, true),
            Orientation::MirrorVertical => (false, false, true),
            Orientation::Transpose => (true, false, false),
            Orientation::Rotate90 => (true, true, false),
            Orientation::Transverse => (true, true, true),
            Orientation::Rotate270 => (true, false, true),
        }
    }

    fn from_parts(swap: bool, flip_x: bool, flip_y: bool) -> Orientation {
        match (swap, flip_x, flip_y) {
            (false, false, false) => Orientation::Upright,
            (false, true, false) => Orientation::MirrorHorizontal,
            (false, true, true) => Orientation::Rotate180,
            (false, false, true) => Orientation::MirrorVertical,
            (true, false, false) => Orientation::Transpose,
            (true, true, false) => Orientation::Rotate90,
            (true, true, true) => Orientation::Transverse,
            (true, false, true) => Orientation::Rotate270,
        }
    }

    /// Turns a stored picture upright.
    pub fn apply(self, picture: Picture) -> Picture {
        match self {
            Orientation::Upright => picture,
            Orientation::MirrorHorizontal => mirror_rows(picture),
            Orientation::MirrorVertical => reverse_rows(picture),
            Orientation::Rotate180 => reverse_pixels(picture),
            Orientation::Transpose => transposed(&picture, false, false),
            Orientation::Rotate90 => transposed(&picture, false, true),
            Orientation::Transverse => transposed(&picture, true, true),
            Orientation::Rotate270 => transposed(&picture, true, false),
        }
    }
}

fn mirror_rows(mut picture: Picture) -> Picture {
    let stride = picture.width() as usize * 3;
    for row in picture.data_mut().chunks_exact_mut(stride) {
        reverse_row(row);
    }
    picture
}

fn reverse_rows(mut picture: Picture) -> Picture {
    let stride = picture.width() as usize * 3;
    let mut rows = picture.data_mut().chunks_exact_mut(stride);
    while let (Some(top), Some(bottom)) = (rows.next(), rows.next_back()) {
        top.swap_with_slice(bottom);
    }
    picture
}

fn reverse_pixels(mut picture: Picture) -> Picture {
    reverse_row(picture.data_mut());
    picture
}

fn reverse_row(pixels: &mut [u8]) {
    let (pixels, _) = pixels.as_chunks_mut::<3>();
    pixels.reverse();
}

/// Edge of the square blocks in which rows and columns are swapped, so that both sides stay in the cache.
const BLOCK_PIXELS: usize = 32;

/// Swaps rows and columns; the flags say whether the stored columns and rows are walked backwards.
///
/// Output pixel (column `c`, row `r`) is stored pixel (column `r`, row `c`), each counted from the far end where asked.
fn transposed(picture: &Picture, columns_backwards: bool, rows_backwards: bool) -> Picture {
    let (stored_width, stored_height) = (picture.width() as usize, picture.height() as usize);
    let mut turned = Picture::blank(picture.height(), picture.width());
    let (source, _) = picture.data().as_chunks::<3>();
    let (target, _) = turned.data_mut().as_chunks_mut::<3>();
    for block_row in (0..stored_width).step_by(BLOCK_PIXELS) {
        for block_column in (0..stored_height).step_by(BLOCK_PIXELS) {
            let columns = block_column..(block_column + BLOCK_PIXELS).min(stored_height);
            // The stored rows that make up these columns, from top to bottom.
            let stored_rows = if rows_backwards {
                stored_height - columns.end..stored_height - columns.start
            } else {
                columns.clone()
            };
            let stored_rows =
                &source[stored_rows.start * stored_width..stored_rows.end * stored_width];
            for row in block_row..(block_row + BLOCK_PIXELS).min(stored_width) {
                let stored_x = if columns_backwards {
                    stored_width - 1 - row
                } else {
                    row
                };
                let out = &mut target[row * stored_height..][columns.clone()];
                let column = stored_rows[stored_x..].iter().step_by(stored_width);
                if rows_backwards {
                    out.iter_mut()
                        .rev()
                        .zip(column)
                        .for_each(|(to, from)| *to = *from);
                } else {
                    out.iter_mut()
                        .zip(column)
                        .for_each(|(to, from)| *to = *from);
                }
            }
        }
    }
    turned
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A 3 x 2 picture with the letters a b c / d e f as red values.
    fn letters() -> Picture {
        let data = b"abcdef"
            .iter()
            .flat_map(|&letter| [letter, 0, 0])
            .collect();
        Picture::new(3, 2, data).unwrap()
    }

    fn rows(picture: &Picture) -> Vec<String> {
        (0..picture.height())
            .map(|y| {
                (0..picture.width())
                    .map(|x| char::from(picture.pixel(x, y)[0]))
                    .collect()
            })
            .collect()
    }

    #[test]
    fn all_eight_values_turn_as_the_standard_says() {
        // EXIF 2.32: where row 0 and column 0 of the stored picture lie in the shown one.
        let expected: [(u32, &[&str]); 8] = [
            (1, &["abc", "def"]),
            (2, &["cba", "fed"]),
            (3, &["fed", "cba"]),
            (4, &["def", "abc"]),
            (5, &["ad", "be", "cf"]),
            (6, &["da", "eb", "fc"]),
            (7, &["fc", "eb", "da"]),
            (8, &["cf", "be", "ad"]),
        ];
        for (value, shown) in expected {
            assert_eq!(
                rows(&Orientation::from_exif_value(value).apply(letters())),
                shown,
                "value {value}"
            );
        }
        assert_eq!(Orientation::from_exif_value(0), Orientation::Upright);
        assert_eq!(Orientation::from_exif_value(9), Orientation::Upright);
    }

    #[test]
    fn two_turns_in_one_equal_two_turns() {
        for first in (1..=8).map(Orientation::from_exif_value) {
            for second in (1..=8).map(Orientation::from_exif_value) {
                let twice = second.apply(first.apply(letters()));
                assert_eq!(
                    first.then(second).apply(letters()),
                    twice,
                    "{first:?} then {second:?}"
                );
            }
        }
    }

    #[test]
    fn turning_a_cut_equals_cutting_the_turned() {
        let data: Vec<u8> = (0..70 * 40)
            .flat_map(|i| [(i % 251) as u8, (i / 251) as u8, 0])
            .collect();
        let stored = Picture::new(70, 40, data).unwrap();
        for value in 1..=8 {
            let orientation = Orientation::from_exif_value(value);
            let upright = orientation.apply(stored.clone());
            assert_eq!(
                (upright.width(), upright.height()),
                orientation.upright_size(70, 40)
            );
            let area = CropBox {
                x: 5,
                y: 3,
                width: 20,
                height: 25,
            };
            let in_stored = orientation.box_to_stored(area, 70, 40);
            assert_eq!(
                orientation.apply(stored.cropped(in_stored)),
                upright.cropped(area),
                "value {value}"
            );
        }
    }

    #[test]
    fn exif_blocks_are_read_in_both_byte_orders_and_broken_ones_ignored() {
        let little = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
        let big = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x08\0\0\0\0\0\0";
        assert_eq!(Orientation::from_exif_block(little), Orientation::Rotate90);
        assert_eq!(Orientation::from_exif_block(big), Orientation::Rotate270);
        let prefixed = [b"Exif\0\0".as_slice(), little].concat();
        assert_eq!(
            Orientation::from_exif_block(&prefixed),
            Orientation::Rotate90
        );
        for end in 0..little.len() {
            // Cut anywhere: never a panic, and never a wrong turn.
            let found = Orientation::from_exif_block(&little[..end]);
            assert!(matches!(
                found,
                Orientation::Upright | Orientation::Rotate90
            ));
        }
    }
}
