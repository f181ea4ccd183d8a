//! Connected regions of masks.

use super::plane::{Bounds, Mask, Plane, Point};

/// Which neighbours of a pixel belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connectivity {
    /// Left, right, above and below.
    Four,
    /// The four and the diagonals.
    Eight,
}

/// One connected region of true pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Region {
    /// Number of the region in `Components::labels`, from 1.
    pub label: u32,
    /// First column.
    pub x0: usize,
    /// First row.
    pub y0: usize,
    /// Last column.
    pub x1: usize,
    /// Last row.
    pub y1: usize,
    /// Number of pixels.
    pub area: usize,
    /// Mean position of the pixels.
    pub centroid: Point,
}

impl Region {
    /// Number of columns.
    pub fn width(&self) -> usize {
        self.x1 - self.x0 + 1
    }

    /// Number of rows.
    pub fn height(&self) -> usize {
        self.y1 - self.y0 + 1
    }

    /// The rectangle around the region.
    pub fn bounds(&self) -> Bounds {
        Bounds {
            x0: self.x0,
            y0: self.y0,
            x1: self.x1,
            y1: self.y1,
        }
    }
}

/// The connected regions of a mask, in the order of their first pixel from the top left.
#[derive(Clone, Debug)]
pub struct Components {
    /// Number of the region of every pixel, 0 for false pixels.
    pub labels: Plane<u32>,
    /// The regions; index 0 is label 1.
    pub regions: Vec<Region>,
}

impl Components {
    /// Makes the mask of one region; a number without region gives an empty mask.
    pub fn mask(&self, label: u32) -> Mask {
        self.labels.map(|value| value == label && label > 0)
    }

    /// Makes the mask of all regions that the closure accepts.
    pub fn select(&self, accept: impl Fn(&Region) -> bool) -> Mask {
        let mut accepted = vec![false];
        accepted.extend(self.regions.iter().map(accept));
        self.labels.map(|label| accepted[label as usize])
    }

    /// Finds the region of most pixels; the first one when several are equal.
    pub fn largest(&self) -> Option<&Region> {
        self.regions.iter().rev().max_by_key(|region| region.area)
    }
}

/// Which borders of a plane take part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "four independent borders")]
pub struct Sides {
    /// The first column.
    pub left: bool,
    /// The first row.
    pub top: bool,
    /// The last column.
    pub right: bool,
    /// The last row.
    pub bottom: bool,
}

/// Numbers the connected regions of true pixels.
pub fn components(mask: &Mask, connectivity: Connectivity) -> Components {
    let (width, height) = mask.size();
    let mut labels = Plane::new(width, height, 0_u32);
    let mut regions = Vec::new();
    let mut open = Vec::new();
    for start_y in 0..height {
        for start_x in 0..width {
            if !mask[(start_x, start_y)] || labels[(start_x, start_y)] > 0 {
                continue;
            }
            let label = regions.len() as u32 + 1;
            let mut region = Region {
                label,
                x0: start_x,
                y0: start_y,
                x1: start_x,
                y1: start_y,
                area: 0,
                centroid: Point::default(),
            };
            labels[(start_x, start_y)] = label;
            open.push((start_x, start_y));
            while let Some((x, y)) = open.pop() {
                region.area += 1;
                region.centroid = region.centroid + Point::new(x as f64, y as f64);
                region.x0 = region.x0.min(x);
                region.x1 = region.x1.max(x);
                region.y1 = region.y1.max(y);
                for (dx, dy) in neighbours(connectivity) {
                    let (nx, ny) = (x as isize + dx, y as isize + dy);
                    if mask.is_true(nx, ny) && labels[(nx as usize, ny as usize)] == 0 {
                        labels[(nx as usize, ny as usize)] = label;
                        open.push((nx as usize, ny as usize));
                    }
                }
            }
            region.centroid = region.centroid * (1.0 / region.area as f64);
            regions.push(region);
        }
    }
    Components { labels, regions }
}

/// Keeps the 4-connected region of most pixels; an empty mask stays empty.
pub fn largest_component(mask: &Mask) -> Mask {
    let found = components(mask, Connectivity::Four);
    found
        .largest()
        .map_or_else(|| mask.clone(), |region| found.mask(region.label))
}

/// Keeps the 4-connected region that shares most pixels with `seed`, or the largest one when none does.
pub fn component_overlapping(mask: &Mask, seed: &Mask) -> Mask {
    let found = components(mask, Connectivity::Four);
    let mut shared = vec![0_usize; found.regions.len() + 1];
    for label in found.labels.select(seed) {
        shared[label as usize] += 1;
    }
    let best = found
        .regions
        .iter()
        .rev()
        .max_by_key(|region| (shared[region.label as usize], region.area));
    best.map_or_else(|| mask.clone(), |region| found.mask(region.label))
}

/// Keeps the 4-connected regions that touch one of the chosen borders.
pub fn flood_from_border(mask: &Mask, sides: Sides) -> Mask {
    let (last_x, last_y) = (
        mask.width().saturating_sub(1),
        mask.height().saturating_sub(1),
    );
    let found = components(mask, Connectivity::Four);
    found.select(|region| {
        (sides.left && region.x0 == 0)
            || (sides.top && region.y0 == 0)
            || (sides.right && region.x1 == last_x)
            || (sides.bottom && region.y1 == last_y)
    })
}

/// Keeps the regions that share at least one pixel with `seed`.
pub fn connected_to(mask: &Mask, seed: &Mask, connectivity: Connectivity) -> Mask {
    let found = components(mask, connectivity);
    let mut touched = vec![false; found.regions.len() + 1];
    for label in found.labels.select(seed) {
        touched[label as usize] = true;
    }
    found.select(|region| touched[region.label as usize])
}

fn neighbours(connectivity: Connectivity) -> impl Iterator<Item = (isize, isize)> {
    let count = if connectivity == Connectivity::Four {
        4
    } else {
        8
    };
    [
        (-1, 0),
        (1, 0),
        (0, -1),
        (0, 1),
        (-1, -1),
        (1, -1),
        (-1, 1),
        (1, 1),
    ]
    .into_iter()
    .take(count)
}
