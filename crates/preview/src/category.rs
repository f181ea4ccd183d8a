//! What kind of product a title and a description speak of, in seven languages.
//!
//! English, German, French, Spanish, Italian, Portuguese and Dutch. Germanic languages put the thing itself last ("dress shirt",
//! "Hemdblusenkleid"), Romance ones first ("robe chemise"); what follows a preposition ("with belt") does not count.

mod lexicon;
mod text;

use crate::garment::Category;

use self::lexicon::{Hit, Order, Strength, find_hits};
use self::text::{segments, words};

/// Kinds of product that a shop sells; the preview engine can put on only some of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProductKind {
    /// Shirts, blouses, pullovers.
    Top,
    /// Trousers, shorts, skirts.
    Bottom,
    /// Dresses and one-piece suits.
    Dress,
    /// Jackets and coats.
    Outerwear,
    /// Anything for the feet but socks.
    Shoes,
    /// Glasses.
    Eyewear,
    /// Hats and caps.
    Headwear,
    /// Bags and rucksacks.
    Bag,
    /// Jewellery and watches.
    Jewelry,
    /// Other things that are worn: underwear, socks, swimwear, suits, belts, scarves.
    Other,
}

impl ProductKind {
    /// Lists every kind.
    pub const ALL: [Self; 10] = [
        Self::Top,
        Self::Bottom,
        Self::Dress,
        Self::Outerwear,
        Self::Shoes,
        Self::Eyewear,
        Self::Headwear,
        Self::Bag,
        Self::Jewelry,
        Self::Other,
    ];

    /// Gives the name used on the wire: lower case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Top => "top",
            Self::Bottom => "bottom",
            Self::Dress => "dress",
            Self::Outerwear => "outerwear",
            Self::Shoes => "shoes",
            Self::Eyewear => "eyewear",
            Self::Headwear => "headwear",
            Self::Bag => "bag",
            Self::Jewelry => "jewelry",
            Self::Other => "other",
        }
    }

    /// Finds the kind with a wire name; none for an unknown name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Gives the way in which the preview engine puts this kind on, none when it cannot.
    pub const fn category(self) -> Option<Category> {
        match self {
            Self::Top | Self::Outerwear => Some(Category::Top),
            Self::Bottom => Some(Category::Bottom),
            Self::Dress => Some(Category::Dress),
            Self::Shoes
            | Self::Eyewear
            | Self::Headwear
            | Self::Bag
            | Self::Jewelry
            | Self::Other => None,
        }
    }
}

/// Reads the kind of product from its title, and from its description when the title says nothing.
///
/// None when neither names a product.
pub fn kind_from_words(title: &str, description: &str) -> Option<ProductKind> {
    kind_of_text(title).or_else(|| kind_of_text(description))
}

/// Reads the kind from the first segment of a text that names one clearly, else from the first that hints at one.
fn kind_of_text(text: &str) -> Option<ProductKind> {
    let segments: Vec<Vec<String>> = segments(text).map(words).collect();
    let heads: Vec<Vec<Hit>> = segments
        .iter()
        .map(|words| find_hits(before_preposition(words)))
        .collect();
    pick(&heads).or_else(|| {
        let all: Vec<Vec<Hit>> = segments.iter().map(|words| find_hits(words)).collect();
        pick(&all)
    })
}

fn pick(segments: &[Vec<Hit>]) -> Option<ProductKind> {
    [Strength::Strong, Strength::Weak]
        .into_iter()
        .find_map(|strength| {
            segments.iter().find_map(|hits| {
                let hits: Vec<&Hit> = hits.iter().filter(|hit| hit.strength == strength).collect();
                head_of(&hits)
            })
        })
}

/// Chooses the word that names the thing itself.
fn head_of(hits: &[&Hit]) -> Option<ProductKind> {
    let romance = hits.iter().find(|hit| hit.order == Order::HeadFirst);
    romance.or(hits.last()).map(|hit| hit.kind)
}

/// What follows these words is an attribute: material, accessory, purpose.
const PREPOSITIONS: &[&str] = &[
    "with",
    "without",
    "for",
    "in",
    "featuring",
    "over",
    "under", // English
    "mit",
    "ohne",
    "fur",
    "aus",
    "im",
    "uber", // German
    "avec",
    "sans",
    "pour",
    "en", // French
    "con",
    "sin",
    "para", // Spanish
    "senza",
    "per", // Italian
    "com",
    "sem",
    "em", // Portuguese
    "met",
    "zonder",
    "voor",
    "van", // Dutch
];

fn before_preposition(words: &[String]) -> &[String] {
    let end = words
        .iter()
        .position(|word| PREPOSITIONS.contains(&word.as_str()));
    &words[..end.unwrap_or(words.len())]
}

#[cfg(test)]
mod tests;
