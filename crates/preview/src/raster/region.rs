//! Connected regions of masks.

use super::line::{Run, runs};
use super::mask::{Bounds, Mask};
use super::plane::Plane;
use super::point::Point;

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

    /// Counts for every region the pixels it shares with `other`; index 0 is label 1.
    pub fn shared_with(&self, other: &Mask) -> Vec<usize> {
        let mut shared = vec![0; self.regions.len() + 1];
        for (&label, &inside) in self.labels.data().iter().zip(other.data()) {
            shared[label as usize] += usize::from(inside);
        }
        shared.split_off(1)
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

impl Sides {
    /// All four borders.
    pub const ALL: Self = Self {
        left: true,
        top: true,
        right: true,
        bottom: true,
    };
}

/// A run of a row with the number of the run that stands for its region (itself or an earlier one).
struct Link {
    run: Run,
    y: usize,
    parent: usize,
}

/// Numbers the connected regions of true pixels (union-find over the runs of the rows).
pub fn components(mask: &Mask, connectivity: Connectivity) -> Components {
    let reach = usize::from(connectivity == Connectivity::Eight);
    let mut links: Vec<Link> = Vec::new();
    let mut above = 0..0;
    for y in 0..mask.height() {
        let first = links.len();
        let mut candidate = above.start;
        for run in runs(mask.row(y)) {
            let index = links.len();
            links.push(Link {
                run,
                y,
                parent: index,
            });
            // Runs of the row above that end before this one begins touch no later run either.
            while candidate < above.end && links[candidate].run.end + reach < run.start {
                candidate += 1;
            }
            let mut touching = candidate;
            while touching < above.end && links[touching].run.start <= run.end + reach {
                unite(&mut links, touching, index);
                touching += 1;
            }
        }
        above = first..links.len();
    }
    collect(mask, &links)
}

/// Finds the run that stands for the region of a run, and shortens the way to it.
fn root(links: &mut [Link], mut index: usize) -> usize {
    while links[index].parent != index {
        let parent = links[index].parent;
        links[index].parent = links[parent].parent;
        index = parent;
    }
    index
}

/// Makes the earlier root stand for both regions.
fn unite(links: &mut [Link], a: usize, b: usize) {
    let (a, b) = (root(links, a), root(links, b));
    let (first, second) = (a.min(b), a.max(b));
    links[second].parent = first;
}

/// Numbers the regions in the order of their first run and measures them.
fn collect(mask: &Mask, links: &[Link]) -> Components {
    let mut labels = Plane::new(mask.width(), mask.height(), 0_u32);
    let mut regions: Vec<Region> = Vec::new();
    let mut label_of_run = vec![0_u32; links.len()];
    for (index, link) in links.iter().enumerate() {
        let Run { start, end } = link.run;
        // Parents come earlier, so the label of the parent is already known.
        let label = if link.parent == index {
            let label = regions.len() as u32 + 1;
            regions.push(Region {
                label,
                x0: start,
                y0: link.y,
                x1: end,
                y1: link.y,
                area: 0,
                centroid: Point::default(),
            });
            label
        } else {
            label_of_run[link.parent]
        };
        label_of_run[index] = label;
        labels.row_mut(link.y)[start..=end].fill(label);
        let region = &mut regions[label as usize - 1];
        let length = end - start + 1;
        region.x0 = region.x0.min(start);
        region.x1 = region.x1.max(end);
        region.y1 = link.y;
        region.area += length;
        let middle = Point::new((start + end) as f64 / 2.0, link.y as f64);
        region.centroid = region.centroid + middle * length as f64;
    }
    for region in &mut regions {
        region.centroid = region.centroid * (1.0 / region.area as f64);
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
    let shared = found.shared_with(seed);
    let most = shared.iter().copied().max().unwrap_or(0);
    if most == 0 {
        return found
            .largest()
            .map_or_else(|| mask.clone(), |region| found.mask(region.label));
    }
    let best = shared.iter().position(|count| *count == most).unwrap_or(0);
    found.mask(best as u32 + 1)
}

/// Keeps the 4-connected regions that touch one of the chosen borders.
pub fn flood_from_border(mask: &Mask, sides: Sides) -> Mask {
    let (last_x, last_y) = (
        mask.width().saturating_sub(1),
        mask.height().saturating_sub(1),
    );
    components(mask, Connectivity::Four).select(|region| {
        (sides.left && region.x0 == 0)
            || (sides.top && region.y0 == 0)
            || (sides.right && region.x1 == last_x)
            || (sides.bottom && region.y1 == last_y)
    })
}

/// Keeps the regions that share at least one pixel with `seed`.
pub fn connected_to(mask: &Mask, seed: &Mask, connectivity: Connectivity) -> Mask {
    let found = components(mask, connectivity);
    let shared = found.shared_with(seed);
    found.select(|region| shared[region.label as usize - 1] > 0)
}

#[cfg(test)]
mod tests {
    use super::super::random::XorShift;
    use super::*;

    /// `#` is true.
    fn mask(rows: &[&str]) -> Mask {
        let data = rows
            .iter()
            .flat_map(|row| row.bytes().map(|letter| letter == b'#'))
            .collect();
        Plane::from_vec(rows[0].len(), rows.len(), data)
    }

    #[test]
    fn regions_are_numbered_from_the_top_left() {
        let found = components(&mask(&["#.##", "#...", "..##"]), Connectivity::Four);
        assert_eq!(found.labels.data(), [1, 0, 2, 2, 1, 0, 0, 0, 0, 0, 3, 3]);
        let last = found.regions[2];
        assert_eq!(
            (last.x0, last.y0, last.x1, last.y1, last.area),
            (2, 2, 3, 2, 2)
        );
        assert_eq!(last.centroid, Point::new(2.5, 2.0));
    }

    #[test]
    fn a_late_bridge_joins_what_began_apart() {
        let rows = mask(&["#.#.#", "#.#.#", "###.#", "....#", "#####"]);
        let found = components(&rows, Connectivity::Four);
        assert_eq!(found.regions.len(), 2);
        assert_eq!(found.regions[0].area, 7);
        assert_eq!(found.regions[1].area, 9);
    }

    #[test]
    fn diagonals_count_with_eight_neighbours_only() {
        let stairs = mask(&["#...", ".#.#", "..#."]);
        assert_eq!(components(&stairs, Connectivity::Four).regions.len(), 4);
        assert_eq!(components(&stairs, Connectivity::Eight).regions.len(), 1);
    }

    #[test]
    fn the_labels_are_a_true_partition() {
        let mut random = XorShift::new(11);
        let noise = Plane::from_vec(90, 70, (0..6300).map(|_| random.uniform() < 0.55).collect());
        for connectivity in [Connectivity::Four, Connectivity::Eight] {
            let found = components(&noise, connectivity);
            let total: usize = found.regions.iter().map(|region| region.area).sum();
            assert_eq!(total, noise.count());
            let same = |a: (usize, usize), b: (usize, usize)| {
                !(noise[a] && noise[b]) || found.labels[a] == found.labels[b]
            };
            for y in 1..70 {
                for x in 1..89 {
                    assert!(same((x, y), (x, y - 1)) && same((x, y), (x - 1, y)));
                    if connectivity == Connectivity::Eight {
                        assert!(same((x, y), (x - 1, y - 1)) && same((x, y), (x + 1, y - 1)));
                    }
                }
            }
            // No region is torn apart: every region alone is one region.
            for region in found.regions.iter().filter(|region| region.area > 3) {
                assert_eq!(
                    components(&found.mask(region.label), connectivity)
                        .regions
                        .len(),
                    1
                );
            }
        }
    }

    #[test]
    fn largest_prefers_the_first_of_equals() {
        let rows = mask(&["##.##", ".....", "#...."]);
        assert_eq!(largest_component(&rows), mask(&["##...", ".....", "....."]));
        let empty = Plane::new(3, 2, false);
        assert_eq!(largest_component(&empty), empty);
    }

    #[test]
    fn overlap_beats_size() {
        let rows = mask(&["####.#", "####.#", "......"]);
        let seed = mask(&["#....#", ".....#", "......"]);
        assert_eq!(
            component_overlapping(&rows, &seed),
            mask(&[".....#", ".....#", "......"])
        );
        // A seed that touches nothing leaves the largest.
        let nowhere = mask(&["......", "......", "######"]);
        assert_eq!(
            component_overlapping(&rows, &nowhere),
            mask(&["####..", "####..", "......"])
        );
    }

    #[test]
    fn flood_keeps_what_touches_the_chosen_borders() {
        let rows = mask(&["#..#", "#.#.", "...#"]);
        let left = Sides {
            left: true,
            top: false,
            right: false,
            bottom: false,
        };
        assert_eq!(
            flood_from_border(&rows, left),
            mask(&["#...", "#...", "...."])
        );
        assert_eq!(
            flood_from_border(&rows, Sides::ALL),
            mask(&["#..#", "#...", "...#"])
        );
    }

    #[test]
    fn connected_to_keeps_every_touched_region() {
        let rows = mask(&["##.##.#", ".......", "##....."]);
        let seed = mask(&["#..#...", "...#...", "......."]);
        assert_eq!(
            connected_to(&rows, &seed, Connectivity::Four),
            mask(&["##.##..", ".......", "......."])
        );
    }
}
