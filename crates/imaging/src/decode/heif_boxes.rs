//! A look at a HEIF container before the decoder resolves it.
//!
//! The container's tables may name the same bytes over and over: a few hundred bytes of `iloc` and `iref` can make a
//! resolver copy terabytes. The decoder bounds pixels but not these copies, so the tables are held against the file's
//! own length first. Real files name every byte at most once.

use std::collections::HashMap;

use crate::{Format, ImageError};

/// Most items of any kind; a 48-megapixel phone photo has about 250.
const MAX_ITEMS: usize = 4_096;
/// Most tiles of one picture.
const MAX_TILES: usize = 2_048;
/// Largest `meta` box, in bytes.
const MAX_META_BYTES: usize = 4 * 1_024 * 1_024;
/// Largest table of references between items, in bytes.
const MAX_REFERENCE_BYTES: usize = 64 * 1_024;
/// Largest decoder configuration, in bytes; it is copied for each tile.
const MAX_CONFIGURATION_BYTES: usize = 16 * 1_024;

/// Checks that resolving the container cannot take much more memory than the file has bytes.
///
/// Says nothing about whether the container makes sense otherwise; the decoder does.
pub(super) fn check(file: &[u8]) -> Result<(), ImageError> {
    for item in Boxes::new(file) {
        if &item.kind == b"meta" {
            check_meta(item.body, file.len())?;
        }
    }
    Ok(())
}

fn check_meta(body: &[u8], file_bytes: usize) -> Result<(), ImageError> {
    if body.len() > MAX_META_BYTES {
        return Err(bomb("its tables are too large"));
    }
    // Version and flags come before the inner boxes.
    let inner = body.get(4..).unwrap_or_default();
    let mut item_bytes = HashMap::new();
    let mut references = Vec::new();
    let mut items = 0;
    for table in Boxes::new(inner) {
        match &table.kind {
            b"iinf" => {
                // Counting the entries at both places where they may start is enough for an upper bound.
                let entries = |skip: usize| {
                    Boxes::new(table.body.get(skip..).unwrap_or_default())
                        .filter(|entry| &entry.kind == b"infe")
                        .count()
                };
                items += entries(6).max(entries(8));
            }
            b"iloc" => item_bytes.extend(item_lengths(table.body).unwrap_or_default()),
            b"iref" => {
                if table.body.len() > MAX_REFERENCE_BYTES {
                    return Err(bomb("it has too many references"));
                }
                references.extend(tile_lists(table.body));
            }
            b"iprp" => check_properties(table.body)?,
            _ => {}
        }
    }
    if items > MAX_ITEMS || item_bytes.len() > MAX_ITEMS {
        return Err(bomb("it has too many items"));
    }
    let bytes_of = |item: &u32| item_bytes.get(item).copied().unwrap_or(0);
    let file_bytes = file_bytes as u64;
    if item_bytes.values().any(|bytes| *bytes > file_bytes) {
        return Err(bomb("an item is longer than the file"));
    }
    for tiles in references {
        let total = tiles
            .iter()
            .fold(0_u64, |sum, tile| sum.saturating_add(bytes_of(tile)));
        if tiles.len() > MAX_TILES || total > file_bytes {
            return Err(bomb("its tiles are longer than the file"));
        }
    }
    Ok(())
}

fn check_properties(body: &[u8]) -> Result<(), ImageError> {
    let containers = Boxes::new(body).filter(|container| &container.kind == b"ipco");
    for property in containers.flat_map(|container| Boxes::new(container.body)) {
        if &property.kind == b"hvcC" && property.body.len() > MAX_CONFIGURATION_BYTES {
            return Err(bomb("a decoder configuration is too large"));
        }
    }
    Ok(())
}

/// Reads the total length of each item (ISO/IEC 14496-12, 8.11.3); `None` where the table ends early, as the decoder
/// then refuses the file.
fn item_lengths(body: &[u8]) -> Option<HashMap<u32, u64>> {
    let mut fields = Fields { rest: body };
    let version = fields.number(1)?;
    fields.number(3)?;
    let sizes = fields.number(2)?;
    let size_of = |shift: u32| ((sizes >> shift) & 0xF) as usize;
    let (offset_size, length_size, base_size) = (size_of(12), size_of(8), size_of(4));
    let index_size = if version == 0 { 0 } else { size_of(0) };
    let id_size = if version < 2 { 2 } else { 4 };
    let count = fields.number(id_size)?;

    let mut lengths = HashMap::new();
    for _ in 0..count {
        let item = fields.number(id_size)? as u32;
        if version > 0 {
            fields.number(2)?;
        }
        fields.number(2)?;
        fields.number(base_size)?;
        let mut total = 0_u64;
        for _ in 0..fields.number(2)? {
            fields.number(index_size)?;
            fields.number(offset_size)?;
            total = total.saturating_add(fields.number(length_size)?);
        }
        lengths.insert(item, total);
    }
    Some(lengths)
}

/// Reads which items each derived picture is made of (ISO/IEC 14496-12, 8.11.12).
fn tile_lists(body: &[u8]) -> Vec<Vec<u32>> {
    let id_size = if body.first() == Some(&0) { 2 } else { 4 };
    let mut lists = Vec::new();
    let derivations =
        Boxes::new(body.get(4..).unwrap_or_default()).filter(|entry| &entry.kind == b"dimg");
    for entry in derivations {
        let mut fields = Fields { rest: entry.body };
        while fields.number(id_size).is_some() {
            let count = fields.number(2).unwrap_or(0);
            lists.push(
                (0..count)
                    .map_while(|_| fields.number(id_size))
                    .map(|item| item as u32)
                    .collect(),
            );
        }
    }
    lists
}

fn bomb(detail: &str) -> ImageError {
    ImageError::corrupt(Format::Heic, detail)
}

/// Reads big-endian numbers one after another.
struct Fields<'a> {
    rest: &'a [u8],
}

impl Fields<'_> {
    /// Reads a number of 0 to 8 bytes; 0 bytes give 0.
    fn number(&mut self, size: usize) -> Option<u64> {
        let (field, rest) = self.rest.split_at_checked(size)?;
        self.rest = rest;
        Some(
            field
                .iter()
                .fold(0, |number, byte| number << 8 | u64::from(*byte)),
        )
    }
}

struct IsoBox<'a> {
    kind: [u8; 4],
    body: &'a [u8],
}

/// Walks the boxes that follow one another (ISO/IEC 14496-12, 4.2); stops at the first that makes no sense.
struct Boxes<'a> {
    rest: &'a [u8],
}

impl<'a> Boxes<'a> {
    fn new(rest: &'a [u8]) -> Self {
        Boxes { rest }
    }
}

impl<'a> Iterator for Boxes<'a> {
    type Item = IsoBox<'a>;

    fn next(&mut self) -> Option<IsoBox<'a>> {
        let mut fields = Fields { rest: self.rest };
        let short_size = fields.number(4)?;
        let (kind, _) = fields.rest.split_first_chunk::<4>()?;
        fields.number(4)?;
        let size = match short_size {
            0 => self.rest.len(),
            1 => usize::try_from(fields.number(8)?).ok()?,
            size => size as usize,
        };
        let head = self.rest.len() - fields.rest.len();
        // A box that runs past the end is cut: the last one often is in broken files.
        let body = self.rest.get(head..size.min(self.rest.len()))?;
        self.rest = self.rest.get(size..).unwrap_or_default();
        Some(IsoBox { kind: *kind, body })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn iso_box(kind: &[u8], body: &[u8]) -> Vec<u8> {
        let size = (body.len() + 8) as u32;
        [&size.to_be_bytes(), kind, body].concat()
    }

    /// A `meta` box with one `iloc` item of `extents` times `length` bytes and a grid that names it `tiles` times.
    fn file(extents: u16, length: u32, tiles: u16) -> Vec<u8> {
        let extent = [&0_u32.to_be_bytes(), length.to_be_bytes().as_slice()].concat();
        let mut iloc = vec![0, 0, 0, 0, 0x44, 0x00, 0, 1, 0, 7, 0, 0];
        iloc.extend_from_slice(&extents.to_be_bytes());
        iloc.extend(extent.repeat(extents.into()));
        let grid = [
            &[0, 9],
            tiles.to_be_bytes().as_slice(),
            &[0, 7].repeat(tiles.into()),
        ]
        .concat();
        let iref = [&[0; 4], iso_box(b"dimg", &grid).as_slice()].concat();
        let meta = [
            &[0; 4],
            iso_box(b"iloc", &iloc).as_slice(),
            &iso_box(b"iref", &iref),
        ]
        .concat();
        [
            iso_box(b"ftyp", b"heic\0\0\0\0"),
            iso_box(b"meta", &meta),
            iso_box(b"mdat", &[0; 1_000]),
        ]
        .concat()
    }

    #[test]
    fn tables_that_name_each_byte_once_pass() {
        assert_eq!(check(&file(1, 900, 1)), Ok(()));
        assert_eq!(check(&file(3, 300, 1)), Ok(()));
        assert_eq!(check(b"nothing like it"), Ok(()));
    }

    #[test]
    fn tables_that_name_bytes_over_and_over_are_refused() {
        assert!(check(&file(5_000, 900, 1)).is_err());
        assert!(check(&file(1, 900, 20)).is_err());
        assert!(check(&file(1, 0, 3_000)).is_err());
        assert!(check(&file(2, u32::MAX, 1)).is_err());
    }

    #[test]
    fn large_tables_are_refused() {
        let entries = iso_box(b"infe", &[2, 0, 0, 0, 0, 1]).repeat(MAX_ITEMS + 1);
        let iinf = iso_box(b"iinf", &[&[0; 6], entries.as_slice()].concat());
        let meta = iso_box(b"meta", &[&[0; 4], iinf.as_slice()].concat());
        assert!(check(&meta).is_err());
        let hvcc = iso_box(b"hvcC", &vec![0; MAX_CONFIGURATION_BYTES + 1]);
        let iprp = iso_box(b"iprp", &iso_box(b"ipco", &hvcc));
        let meta = iso_box(b"meta", &[&[0; 4], iprp.as_slice()].concat());
        assert!(check(&meta).is_err());
    }
}
