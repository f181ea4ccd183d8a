//! What a product is: the caller's word, else the words of its title and description. The engines of this crate that look
//! at garments dress people in the same kinds of them.

use drape_core::engine::{Category, EngineError, EngineErrorKind, GarmentPicture};
use drape_preview::{
    category::{ProductKind, kind_from_words},
    garment::Category as Kind,
};

/// Categories that the engines accept.
pub(crate) const SUPPORTED: [Category; 4] = [
    Category::Top,
    Category::Bottom,
    Category::Dress,
    Category::Outerwear,
];

/// What the words about a product say it is.
pub(crate) struct Words {
    kind: Option<ProductKind>,
}

impl Words {
    /// What they say, as the callers' categories.
    pub(crate) fn category(&self) -> Option<Category> {
        Category::ALL
            .into_iter()
            .find(|category| Some(product_kind(*category)) == self.kind)
    }

    /// Reads title and description.
    pub(crate) fn new(title: Option<&str>, description: Option<&str>) -> Self {
        Self {
            kind: kind_from_words(title.unwrap_or_default(), description.unwrap_or_default()),
        }
    }
}

/// Who said what a product is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    /// The caller, in the picture's classifications.
    Caller,
    /// Its title or description.
    Words,
}

/// Says how a picture is to be read: none leaves it to the picture.
///
/// Error: the product is of a category that `engine` (its name, for the message) does not do.
pub(crate) fn choose(
    engine: &str,
    garment: &GarmentPicture,
    words: &Words,
) -> Result<Option<Kind>, EngineError> {
    let (product, source) = match (garment.category, words.kind) {
        (Some(category), _) => (Some(product_kind(category)), Source::Caller),
        (None, kind) => (kind, Source::Words),
    };
    let kind = match product {
        None => None,
        Some(product) => match product.category() {
            Some(kind) => Some(kind),
            None => return Err(unsupported(engine, product.name(), source)),
        },
    };
    Ok(kind)
}

/// The product is of a kind that the engine cannot put on anybody.
fn unsupported(engine: &str, kind: &str, source: Source) -> EngineError {
    let how_to_correct = match source {
        Source::Caller => "",
        Source::Words => {
            " This was read from the title or description; `classifications.category` of the picture overrules them."
        }
    };
    EngineError::new(
        EngineErrorKind::CategoryUnsupported,
        format!(
            "The {engine} engine does not do products of the category \"{kind}\"; it does tops, outerwear, bottoms and \
             dresses.{how_to_correct}"
        ),
    )
}

fn product_kind(category: Category) -> ProductKind {
    match category {
        Category::Top => ProductKind::Top,
        Category::Bottom => ProductKind::Bottom,
        Category::Dress => ProductKind::Dress,
        Category::Outerwear => ProductKind::Outerwear,
        Category::Shoes => ProductKind::Shoes,
        Category::Eyewear => ProductKind::Eyewear,
        Category::Headwear => ProductKind::Headwear,
        Category::Bag => ProductKind::Bag,
        Category::Jewelry => ProductKind::Jewelry,
        Category::Other => ProductKind::Other,
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use drape_core::engine::PictureFile;

    use super::*;

    fn picture(category: Option<Category>) -> GarmentPicture {
        GarmentPicture {
            file: PictureFile {
                bytes: Bytes::new(),
                sha256: [0; 32],
            },
            category,
            is_worn: None,
        }
    }

    #[test]
    fn the_callers_word_wins_over_the_title() {
        let words = Words::new(Some("Linen dress"), None);
        let told = choose("preview", &picture(Some(Category::Bottom)), &words);
        assert_eq!(told.unwrap(), Some(Kind::Bottom));
        let untold = choose("preview", &picture(None), &words);
        assert_eq!(untold.unwrap(), Some(Kind::Dress));
    }

    #[test]
    fn title_comes_before_description_and_neither_leaves_it_to_the_outline() {
        let choose_by = |title, description| {
            choose("preview", &picture(None), &Words::new(title, description)).unwrap()
        };
        assert_eq!(
            choose_by(Some("Jeans"), Some("A shirt")),
            Some(Kind::Bottom)
        );
        assert_eq!(choose_by(None, Some("A shirt")), Some(Kind::Top));
        assert_eq!(choose_by(Some("Winterjacke"), None), Some(Kind::Top));
        assert_eq!(choose_by(Some("Aurora 2"), Some("Our finest.")), None);
        assert_eq!(choose_by(None, None), None);
    }

    #[test]
    fn all_that_is_not_supported_is_refused() {
        let nothing = Words::new(None, None);
        for category in Category::ALL {
            let chosen = choose("preview", &picture(Some(category)), &nothing);
            if SUPPORTED.contains(&category) {
                assert!(chosen.unwrap().is_some(), "{category:?}");
            } else {
                let error = chosen.unwrap_err();
                assert_eq!(error.kind, EngineErrorKind::CategoryUnsupported);
                assert!(error.message.contains(category.as_str()), "{error}");
            }
        }
    }

    #[test]
    fn a_guess_from_words_tells_how_to_correct_it() {
        let shoes = Words::new(Some("Running shoes"), None);
        let error = choose("preview", &picture(None), &shoes).unwrap_err();
        assert_eq!(error.kind, EngineErrorKind::CategoryUnsupported);
        assert!(error.message.contains("classifications"), "{error}");
        assert!(error.message.contains("dresses"), "{error}");
        let told = choose("preview", &picture(Some(Category::Top)), &shoes);
        assert_eq!(told.unwrap(), Some(Kind::Top));
    }
}
