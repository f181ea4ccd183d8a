//! HEIF containers around the coded pictures of the fixtures.

/// A coded picture with its decoder configuration.
#[derive(Clone)]
pub(crate) struct Tile {
    configuration: Vec<u8>,
    data: Vec<u8>,
}

pub(crate) fn red() -> Tile {
    tile(include_bytes!("../fixtures/tile_red.heic"))
}

pub(crate) fn green() -> Tile {
    tile(include_bytes!("../fixtures/tile_green.heic"))
}

pub(crate) fn blue() -> Tile {
    tile(include_bytes!("../fixtures/tile_blue.heic"))
}

pub(crate) fn yellow() -> Tile {
    tile(include_bytes!("../fixtures/tile_yellow.heic"))
}

/// A container to be written.
pub(crate) struct Heif {
    /// Tiles from left to right, then from top to bottom; one tile makes a picture without a grid.
    pub(crate) tiles: Vec<Tile>,
    pub(crate) columns: u8,
    pub(crate) rows: u8,
    pub(crate) width: u16,
    pub(crate) height: u16,
    /// Properties of the whole picture, in the order in which they apply.
    pub(crate) properties: Vec<Vec<u8>>,
    pub(crate) exif: Option<Vec<u8>>,
}

impl Heif {
    /// Red and green above blue and yellow, 64 x 64 pixels each, cut to 120 x 100.
    pub(crate) fn four_colours(properties: Vec<Vec<u8>>) -> Heif {
        Heif {
            tiles: vec![red(), green(), blue(), yellow()],
            columns: 2,
            rows: 2,
            width: 120,
            height: 100,
            properties,
            exif: None,
        }
    }

    pub(crate) fn write(&self) -> Vec<u8> {
        // Sizes do not depend on where the data begins, so a first round with a wrong place tells the right one.
        let start = self.head(0).len() + 8;
        let mut file = self.head(start as u32);
        let mut data: Vec<u8> = self
            .tiles
            .iter()
            .flat_map(|tile| tile.data.clone())
            .collect();
        data.extend(self.exif_item());
        file.extend(iso_box(b"mdat", &data));
        file
    }

    fn has_grid(&self) -> bool {
        self.tiles.len() > 1
    }

    fn exif_item(&self) -> Vec<u8> {
        // Four bytes say how far the TIFF header is.
        self.exif
            .as_ref()
            .map_or(Vec::new(), |block| [&[0; 4], block.as_slice()].concat())
    }

    fn head(&self, data_start: u32) -> Vec<u8> {
        let tiles = self.tiles.len() as u16;
        let grid_id = tiles + 1;
        let exif_id = tiles + 2;
        let primary = if self.has_grid() { grid_id } else { 1 };

        let mut entries = Vec::new();
        let mut item = |id: u16, kind: &[u8; 5]| {
            entries.push(iso_box(
                b"infe",
                &[&[2, 0, 0, 0], id.to_be_bytes().as_slice(), &[0, 0], kind].concat(),
            ));
        };
        (1..=tiles).for_each(|id| item(id, b"hvc1\0"));
        if self.has_grid() {
            item(grid_id, b"grid\0");
        }
        if self.exif.is_some() {
            item(exif_id, b"Exif\0");
        }
        let count = entries.len() as u16;
        let iinf = iso_box(
            b"iinf",
            &[&[0; 4], count.to_be_bytes().as_slice(), &entries.concat()].concat(),
        );

        let mut locations = Vec::new();
        let mut location = |id: u16, method: u16, offset: u32, length: u32| {
            for field in [id, method, 0, 1] {
                locations.extend_from_slice(&field.to_be_bytes());
            }
            locations.extend_from_slice(&offset.to_be_bytes());
            locations.extend_from_slice(&length.to_be_bytes());
        };
        let mut offset = data_start;
        for (id, tile) in (1..).zip(&self.tiles) {
            location(id, 0, offset, tile.data.len() as u32);
            offset += tile.data.len() as u32;
        }
        if self.has_grid() {
            location(grid_id, 1, 0, 8);
        }
        if self.exif.is_some() {
            location(exif_id, 0, offset, self.exif_item().len() as u32);
        }
        let iloc = iso_box(
            b"iloc",
            &[
                &[1, 0, 0, 0, 0x44, 0],
                count.to_be_bytes().as_slice(),
                &locations,
            ]
            .concat(),
        );

        let mut references = vec![0; 4];
        if self.has_grid() {
            let ids: Vec<u8> = (1..=tiles).flat_map(u16::to_be_bytes).collect();
            references.extend(iso_box(
                b"dimg",
                &[&grid_id.to_be_bytes(), tiles.to_be_bytes().as_slice(), &ids].concat(),
            ));
        }
        if self.exif.is_some() {
            let [a, b] = exif_id.to_be_bytes();
            let [c, d] = primary.to_be_bytes();
            references.extend(iso_box(b"cdsc", &[a, b, 0, 1, c, d]));
        }

        // Property 1 is the size of the whole, property 2 and on the tiles' configurations, then the rest.
        let mut properties = vec![size_property(self.width.into(), self.height.into())];
        properties.extend(
            self.tiles
                .iter()
                .map(|tile| iso_box(b"hvcC", &tile.configuration)),
        );
        let first_extra = properties.len() as u8 + 1;
        properties.extend(self.properties.iter().cloned());
        let extras: Vec<u8> = (0..self.properties.len() as u8)
            .map(|index| 0x80 | (first_extra + index))
            .collect();
        let mut associations = Vec::new();
        for id in 1..=tiles {
            associations.extend_from_slice(&id.to_be_bytes());
            let mut own = vec![0x80 | (id as u8 + 1)];
            if !self.has_grid() {
                own.push(1);
                own.extend(&extras);
            }
            associations.push(own.len() as u8);
            associations.extend(own);
        }
        if self.has_grid() {
            associations.extend_from_slice(&grid_id.to_be_bytes());
            associations.push(1 + extras.len() as u8);
            associations.push(1);
            associations.extend(&extras);
        }
        let associated = u32::from(tiles) + u32::from(self.has_grid());
        let ipma = iso_box(
            b"ipma",
            &[&[0; 4], associated.to_be_bytes().as_slice(), &associations].concat(),
        );
        let iprp = iso_box(
            b"iprp",
            &[iso_box(b"ipco", &properties.concat()), ipma].concat(),
        );

        let grid = [
            &[0, 0, self.rows - 1, self.columns - 1],
            self.width.to_be_bytes().as_slice(),
            &self.height.to_be_bytes(),
        ]
        .concat();
        let handler = iso_box(b"hdlr", &[[0; 8].as_slice(), b"pict", &[0; 13]].concat());
        let pitm = iso_box(
            b"pitm",
            &[&[0; 4], primary.to_be_bytes().as_slice()].concat(),
        );
        let meta = [
            vec![0; 4],
            handler,
            pitm,
            iloc,
            iinf,
            iso_box(b"iref", &references),
            iprp,
            iso_box(b"idat", &grid),
        ];
        [
            iso_box(b"ftyp", b"heic\0\0\0\0mif1heic"),
            iso_box(b"meta", &meta.concat()),
        ]
        .concat()
    }
}

/// Turn anticlockwise, in quarter turns.
pub(crate) fn turned(quarters: u8) -> Vec<u8> {
    iso_box(b"irot", &[quarters])
}

/// Mirror: 0 swaps top and bottom, 1 left and right.
pub(crate) fn mirrored(axis: u8) -> Vec<u8> {
    iso_box(b"imir", &[axis])
}

/// Cut to a size, its centre moved by whole pixels.
pub(crate) fn cut(width: u32, height: u32, x: i32, y: i32) -> Vec<u8> {
    let one = 1_u32.to_be_bytes();
    let fields = [
        width.to_be_bytes(),
        one,
        height.to_be_bytes(),
        one,
        x.to_be_bytes(),
        one,
        y.to_be_bytes(),
        one,
    ];
    iso_box(b"clap", &fields.concat())
}

/// A colour profile.
pub(crate) fn profile(icc: &[u8]) -> Vec<u8> {
    iso_box(b"colr", &[b"prof", icc].concat())
}

fn size_property(width: u32, height: u32) -> Vec<u8> {
    iso_box(
        b"ispe",
        &[[0; 4], width.to_be_bytes(), height.to_be_bytes()].concat(),
    )
}

pub(crate) fn iso_box(kind: &[u8], body: &[u8]) -> Vec<u8> {
    let size = (body.len() + 8) as u32;
    [&size.to_be_bytes(), kind, body].concat()
}

/// Takes the coded picture and its configuration out of a file with one picture.
fn tile(file: &[u8]) -> Tile {
    let meta = find(file, b"meta").unwrap();
    let properties = find(find(&meta[4..], b"iprp").unwrap(), b"ipco").unwrap();
    Tile {
        configuration: find(properties, b"hvcC").unwrap().to_vec(),
        data: find(file, b"mdat").unwrap().to_vec(),
    }
}

fn find<'a>(mut boxes: &'a [u8], kind: &[u8]) -> Option<&'a [u8]> {
    while boxes.len() >= 8 {
        let size = u32::from_be_bytes(boxes[..4].try_into().unwrap()) as usize;
        if boxes[4..8] == *kind {
            return Some(&boxes[8..size]);
        }
        boxes = &boxes[size..];
    }
    None
}
