//! Outfits: several products put on in one go.

use crate::{
    Code, Detail, Error, Result,
    account::Account,
    catalog::{ProductDraft, ProductInput},
    engine::{Category, Engines},
    ports::Ports,
    product::{ExternalId, Patch, Product, engine_for_all},
};

/// Most products of one try-on.
pub const MAX_ITEMS: usize = 3;

/// What is known of a product before anything is written.
#[derive(Debug, Default)]
struct Facts {
    title: Option<String>,
    description: Option<String>,
    category: Option<Category>,
}

/// Checks that these products can be worn at once, as far as words about them tell, and names the engine for them.
///
/// `engine` is the one that was chosen; a product titled `mock` overrules it. What only the pictures tell is up to the
/// engine. Errors: `PRODUCT_NOT_FOUND`; `VALIDATION_FAILED` on `products` when there are more than the engine puts on, when
/// two take the same place on the body, or when one is there twice.
pub(crate) async fn admit(
    ports: &Ports,
    engines: &Engines,
    account: &Account,
    products: &[ProductInput],
    engine: &str,
) -> Result<String> {
    refuse(repeated(products))?;
    let mut facts = Vec::with_capacity(products.len());
    for product in products {
        facts.push(find_facts(ports, account, product).await?);
    }
    let titles = facts.iter().map(|facts| facts.title.as_deref());
    let name = engine_for_all(titles, engine);
    let max_items = engines.max_items(name);
    if products.len() > max_items {
        let message = format!(
            "The engine \"{name}\" puts on at most {max_items} product(s) at once, received {}",
            products.len()
        );
        return Err(Error::invalid_field("products", message));
    }
    let categories: Vec<_> = facts
        .iter()
        .map(|facts| {
            let (title, description) = (facts.title.as_deref(), facts.description.as_deref());
            let guess = || engines.category_of_words(name, title, description);
            facts.category.or_else(guess)
        })
        .collect();
    refuse(conflicts(&categories))?;
    Ok(name.to_owned())
}

fn refuse(details: Vec<Detail>) -> Result<()> {
    if details.is_empty() {
        Ok(())
    } else {
        Err(Error::validation(details))
    }
}

/// Reads what is said about a product: in the request, else where it is stored.
async fn find_facts(ports: &Ports, account: &Account, product: &ProductInput) -> Result<Facts> {
    let find = async |id: &ExternalId| ports.products.find(account.id, id, ports.clock.now()).await;
    match product {
        ProductInput::Reference(id) => match find(id).await? {
            Some(product) => Ok(stored_facts(product)),
            None => Err(product_not_found(id)),
        },
        ProductInput::Define(draft) => {
            let stored = match &draft.external_id {
                Some(id) => find(id).await?.map(stored_facts).unwrap_or_default(),
                None => Facts::default(),
            };
            Ok(changed_facts(draft, stored))
        }
    }
}

/// The error of a reference to a product that does not live.
pub fn product_not_found(id: &ExternalId) -> Error {
    Error::new(
        Code::ProductNotFound,
        format!("Product \"{id}\" is unknown, expired or deleted. Send it inline or register it."),
    )
}

fn stored_facts(product: Product) -> Facts {
    let mut images = product.images.iter();
    Facts {
        category: images.find_map(|image| Category::told(&image.classifications)),
        title: product.title,
        description: product.description,
    }
}

fn changed_facts(draft: &ProductDraft, stored: Facts) -> Facts {
    let change = |patch: &Patch<String>, stored| patch.clone().apply(stored);
    let told = draft.images.as_ref().map(|images| {
        let mut images = images.iter();
        images.find_map(|image| Category::told(&image.classifications))
    });
    Facts {
        title: change(&draft.title, stored.title),
        description: change(&draft.description, stored.description),
        category: told.unwrap_or(stored.category),
    }
}

/// Notes products that are given more than once.
fn repeated(products: &[ProductInput]) -> Vec<Detail> {
    let id = |product: &ProductInput| match product {
        ProductInput::Reference(id) => Some(id.clone()),
        ProductInput::Define(draft) => draft.external_id.clone(),
    };
    let ids: Vec<_> = products.iter().map(id).collect();
    let is_repeated = |place: &usize| ids[*place].is_some() && ids[..*place].contains(&ids[*place]);
    (0..ids.len())
        .filter(is_repeated)
        .map(|place| note(place, "The same product is given more than once".to_owned()))
        .collect()
}

/// Notes products that take a place on the body which another one before them has taken; unknown ones take none.
fn conflicts(categories: &[Option<Category>]) -> Vec<Detail> {
    let mut details = Vec::new();
    for (place, category) in categories.iter().enumerate() {
        let earlier = categories[..place].iter().flatten();
        let Some(category) = category else { continue };
        if let Some(other) = earlier.copied().find(|other| exclude(*other, *category)) {
            let (other, own) = (other.as_str(), category.as_str());
            let message = format!(
                "A product of category \"{own}\" cannot be worn with one of category \"{other}\""
            );
            details.push(note(place, message));
        }
    }
    details
}

/// Says whether two categories take the same place on the body; a dress is a top and a bottom in one.
pub fn exclude(one: Category, other: Category) -> bool {
    use Category::{Bottom, Dress, Top};
    one == other || matches!((one, other), (Dress, Top | Bottom) | (Top | Bottom, Dress))
}

fn note(place: usize, message: String) -> Detail {
    Detail {
        path: format!("products.{place}"),
        message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dress_excludes_top_and_bottom_and_every_category_excludes_itself() {
        use Category::{Bottom, Dress, Outerwear, Shoes, Top};
        for (one, other) in [(Dress, Top), (Dress, Bottom), (Top, Top), (Dress, Dress)] {
            assert!(
                exclude(one, other) && exclude(other, one),
                "{one:?} {other:?}"
            );
        }
        for (one, other) in [
            (Top, Bottom),
            (Top, Outerwear),
            (Dress, Outerwear),
            (Shoes, Dress),
        ] {
            assert!(
                !exclude(one, other) && !exclude(other, one),
                "{one:?} {other:?}"
            );
        }
    }

    #[test]
    fn the_later_product_is_told_to_be_at_fault() {
        use Category::{Bottom, Dress, Top};
        let paths = |categories: &[Option<Category>]| -> Vec<String> {
            conflicts(categories)
                .into_iter()
                .map(|detail| detail.path)
                .collect()
        };
        assert_eq!(paths(&[Some(Top), Some(Bottom)]), [""; 0]);
        assert_eq!(paths(&[Some(Top), None, Some(Top)]), ["products.2"]);
        assert_eq!(
            paths(&[Some(Top), Some(Dress), Some(Bottom)]),
            ["products.1", "products.2"]
        );
        assert_eq!(paths(&[None, None]), [""; 0]);
    }
}
