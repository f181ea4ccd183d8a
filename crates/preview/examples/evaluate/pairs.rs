//! What is to be evaluated: the list of pairs, the photos, and the ratings that somebody gave.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use drape_imaging::{FaceDetector, FaceSearch, Limits, Picture, decode};
use drape_preview::garment::Category;
use drape_preview::person::FaceBox;
use drape_preview::raster::Rgb8;

use crate::Failure;

/// Endings of the photo files, in the order in which they are tried.
const ENDINGS: [&str; 4] = ["jpg", "jpeg", "png", "webp"];

/// One line of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pair {
    /// Name of the person's photo, without ending.
    pub(crate) person: String,
    /// Name of the product photo, without ending.
    pub(crate) garment: String,
    /// What the garment shall be worn as.
    pub(crate) category: Category,
    /// Name of a photo in which the same person really wears the garment.
    pub(crate) truth: Option<String>,
}

impl Pair {
    /// Names the files that belong to the pair.
    pub(crate) fn name(&self) -> String {
        format!("{}__{}", self.person, self.garment)
    }
}

/// Reads a list: one pair per line as `person garment top|bottom|dress [true photo]`; `#` begins a comment.
pub(crate) fn read_pairs(text: &str) -> Result<Vec<Pair>, Failure> {
    let mut seen = BTreeSet::new();
    let mut pairs = Vec::new();
    for line in lines(text) {
        let pair = parse_pair(line).ok_or_else(|| format!("not a pair: {line}"))?;
        if !seen.insert(pair.name()) {
            return Err(format!("the list has this pair twice: {line}").into());
        }
        pairs.push(pair);
    }
    Ok(pairs)
}

fn parse_pair(line: &str) -> Option<Pair> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let (person, garment, category, truth) = match words[..] {
        [person, garment, category] => (person, garment, category, None),
        [person, garment, category, truth] => (person, garment, category, Some(truth.to_owned())),
        _ => return None,
    };
    let category = match category {
        "top" => Category::Top,
        "bottom" => Category::Bottom,
        "dress" => Category::Dress,
        _ => return None,
    };
    Some(Pair {
        person: person.to_owned(),
        garment: garment.to_owned(),
        category,
        truth,
    })
}

/// How somebody rated a result by eye.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rating {
    /// Could be shown in a shop.
    Good,
    /// Has faults, but tells how the garment looks on the person.
    Usable,
    /// Must not be shown.
    Bad,
}

/// Ratings by person and garment.
pub(crate) type Ratings = BTreeMap<(String, String), Rating>;

/// Reads ratings: one per line as `person garment g|u|b`, what follows is ignored; a later line replaces an earlier one.
pub(crate) fn read_ratings(text: &str) -> Result<Ratings, Failure> {
    let parse = |line: &str| {
        let mut words = line.split_whitespace();
        let key = (words.next()?.to_owned(), words.next()?.to_owned());
        let rating = match words.next()? {
            "g" => Rating::Good,
            "u" => Rating::Usable,
            "b" => Rating::Bad,
            _ => return None,
        };
        Some((key, rating))
    };
    lines(text)
        .map(|line| parse(line).ok_or_else(|| format!("not a rating: {line}").into()))
        .collect()
}

/// Lists the lines that say something, without comments.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .map(|line| line.split('#').next().unwrap_or_default().trim())
        .filter(|line| !line.is_empty())
}

/// A decoded photo.
pub(crate) struct Photo {
    /// The picture, upright.
    pub(crate) image: Rgb8,
    /// Its file's pixels for the face detector.
    picture: Picture,
}

impl Photo {
    fn read(path: &Path) -> Result<Self, Failure> {
        let explain = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let bytes = fs::read(path).map_err(|error| explain(&error))?;
        let picture = decode(&bytes, &Limits::default()).map_err(|error| explain(&error))?;
        let pixels = picture.data().as_chunks::<3>().0.to_vec();
        let (width, height) = (picture.width() as usize, picture.height() as usize);
        Ok(Self {
            image: Rgb8::from_vec(width, height, pixels),
            picture,
        })
    }

    /// Finds the largest face of a person's photo.
    pub(crate) fn persons_face(&self) -> Option<FaceBox> {
        self.largest_face(FaceSearch::Tilted)
    }

    /// Finds the largest face of somebody who wears the garment of a product photo.
    pub(crate) fn wearers_face(&self) -> Option<FaceBox> {
        self.largest_face(FaceSearch::Upright)
    }

    fn largest_face(&self, search: FaceSearch) -> Option<FaceBox> {
        let faces = FaceDetector::new().detect(&self.picture, search);
        let face = faces
            .into_iter()
            .max_by(|a, b| (a.width * a.height).total_cmp(&(b.width * b.height)))?;
        let [left, top, width, height] = [face.x, face.y, face.width, face.height].map(f64::from);
        Some(FaceBox::from_detector(left, top, width, height))
    }
}

/// A folder with `people/` and `garments/`.
pub(crate) struct Photos {
    root: PathBuf,
}

impl Photos {
    /// Takes a folder.
    pub(crate) fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// Checks before the work begins that every photo of the list exists.
    pub(crate) fn check(&self, pairs: &[Pair]) -> Result<(), Failure> {
        let mut missing = BTreeSet::new();
        for pair in pairs {
            let people = [Some(&pair.person), pair.truth.as_ref()];
            for name in people.into_iter().flatten() {
                if self.find("people", name).is_none() {
                    missing.insert(format!("people/{name}"));
                }
            }
            if self.find("garments", &pair.garment).is_none() {
                missing.insert(format!("garments/{}", pair.garment));
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        let names: Vec<String> = missing.into_iter().collect();
        Err(format!("not in {}: {}", self.root.display(), names.join(", ")).into())
    }

    /// Reads the photo of a person.
    pub(crate) fn person(&self, name: &str) -> Result<Photo, Failure> {
        self.read("people", name)
    }

    /// Reads the photo of a garment.
    pub(crate) fn garment(&self, name: &str) -> Result<Photo, Failure> {
        self.read("garments", name)
    }

    fn read(&self, folder: &str, name: &str) -> Result<Photo, Failure> {
        let path = self
            .find(folder, name)
            .ok_or_else(|| format!("there is no photo {folder}/{name}"))?;
        Photo::read(&path)
    }

    fn find(&self, folder: &str, name: &str) -> Option<PathBuf> {
        ENDINGS
            .iter()
            .map(|ending| self.root.join(folder).join(format!("{name}.{ending}")))
            .find(|path| path.is_file())
    }
}

/// Reads a finished picture `NAME.png` or `NAME.jpg` of another run, if there is one.
pub(crate) fn reference_picture(folder: &Path, name: &str) -> Option<Rgb8> {
    ENDINGS
        .iter()
        .map(|ending| folder.join(format!("{name}.{ending}")))
        .find_map(|path| Photo::read(&path).ok())
        .map(|photo| photo.image)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_has_comments_and_true_photos() -> Result<(), Failure> {
        let pairs = read_pairs("# head\n\nann tee top # worn loose\nann jeans bottom ann_jeans\n")?;
        assert_eq!(pairs.len(), 2);
        assert_eq!(pairs[0].name(), "ann__tee");
        assert_eq!(
            (pairs[1].category, pairs[1].truth.as_deref()),
            (Category::Bottom, Some("ann_jeans"))
        );
        Ok(())
    }

    #[test]
    fn what_is_no_pair_is_named() {
        for line in [
            "ann tee",
            "ann tee hat",
            "ann tee top a b",
            "ann tee top\nann tee dress",
        ] {
            let message =
                read_pairs(line).map_or_else(|error| error.to_string(), |_| String::new());
            assert!(message.contains("ann tee"), "{line}: {message}");
        }
    }

    #[test]
    fn ratings_are_read_by_pair() -> Result<(), Failure> {
        let ratings = read_ratings("ann tee g\nann tee b # looked again\nbob tee u collar low")?;
        let of = |person: &str| ratings.get(&(person.to_owned(), "tee".to_owned())).copied();
        assert_eq!(
            (of("ann"), of("bob"), of("eve")),
            (Some(Rating::Bad), Some(Rating::Usable), None)
        );
        assert!(read_ratings("ann tee fine").is_err() && read_ratings("ann").is_err());
        Ok(())
    }
}
