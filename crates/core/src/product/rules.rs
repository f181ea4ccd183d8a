//! What an upsert does to a product, and how long products live.

use super::{
    ImageSource, NewProductImage, Product, ProductImage, ProductOrigin, ProductUpsert, Upserted,
};
use crate::{
    Code, Error, Result,
    ids::{AccountId, ProductId},
    time::Timestamp,
};

/// Works out the product after an upsert; adapters only write it down.
///
/// `stored` is the living product of that external id, if any; `id` is for a new row. An inline update of a
/// registered product keeps its lifetime; registering an inline product makes it a registered one.
/// Errors: `PRODUCT_IMAGES_REQUIRED` when there would be no picture.
pub fn apply_upsert(
    stored: Option<Product>,
    account: AccountId,
    id: ProductId,
    upsert: ProductUpsert,
    now: Timestamp,
) -> Result<Upserted> {
    if upsert.images.as_ref().is_some_and(Vec::is_empty)
        || (stored.is_none() && upsert.images.is_none())
    {
        return Err(Error::new(
            Code::ProductImagesRequired,
            format!(
                "Product \"{}\" needs at least one picture in images.",
                upsert.external_id
            ),
        ));
    }
    match stored {
        Some(product) => Ok(Upserted {
            product: update(product, upsert, now),
            is_new: false,
        }),
        None => Ok(Upserted {
            product: create(account, id, upsert, now),
            is_new: true,
        }),
    }
}

fn create(account: AccountId, id: ProductId, upsert: ProductUpsert, now: Timestamp) -> Product {
    let valid_for_days = upsert
        .valid_for_days
        .apply(upsert.origin.default_valid_for_days());
    Product {
        id,
        account,
        external_id: upsert.external_id,
        origin: upsert.origin,
        title: upsert.title.apply(None),
        description: upsert.description.apply(None),
        metadata: upsert.metadata.apply(None),
        valid_for_days,
        expires_at: valid_for_days.map(|days| now.plus_days(days)),
        last_used_at: None,
        created_at: now,
        updated_at: now,
        image_revision: 1,
        images: upsert
            .images
            .unwrap_or_default()
            .into_iter()
            .zip(0..)
            .map(to_stored)
            .collect(),
    }
}

fn update(stored: Product, upsert: ProductUpsert, now: Timestamp) -> Product {
    let registers = upsert.origin == ProductOrigin::Registered;
    let was_registered = stored.origin == ProductOrigin::Registered;
    let keeps_lifetime = !registers || (was_registered && upsert.valid_for_days.is_keep());
    let (origin, valid_for_days, expires_at) = if keeps_lifetime {
        (stored.origin, stored.valid_for_days, stored.expires_at)
    } else {
        let days = upsert.valid_for_days.apply(None);
        (
            ProductOrigin::Registered,
            days,
            days.map(|days| now.plus_days(days)),
        )
    };
    let (image_revision, images) = match upsert.images {
        Some(images) if !shows_the_same(&stored.images, &images) => (
            stored.image_revision + 1,
            images.into_iter().zip(0..).map(to_stored).collect(),
        ),
        _ => (stored.image_revision, stored.images),
    };
    Product {
        origin,
        title: upsert.title.apply(stored.title),
        description: upsert.description.apply(stored.description),
        metadata: upsert.metadata.apply(stored.metadata),
        valid_for_days,
        expires_at,
        updated_at: now,
        image_revision,
        images,
        ..stored
    }
}

/// Says whether the pictures are the stored ones: a shop that sends its product with every try-on must not cause a new
/// fetch each time. Bytes are never taken for equal; they are already stored anew.
fn shows_the_same(stored: &[ProductImage], new: &[NewProductImage]) -> bool {
    let is_same = |(old, new): (&ProductImage, &NewProductImage)| {
        matches!(new.source, ImageSource::Url(_))
            && old.source_url == new.source_url
            && old.classifications == new.classifications
    };
    stored.len() == new.len() && stored.iter().zip(new).all(is_same)
}

fn to_stored((image, order): (NewProductImage, u32)) -> ProductImage {
    let picture = match image.source {
        ImageSource::Url(_) => None,
        ImageSource::Stored(picture) => Some(picture),
    };
    ProductImage {
        order,
        source_url: image.source_url,
        classifications: image.classifications,
        picture,
    }
}

/// Marks a product as used by a generation: its lifetime begins anew.
pub fn touch(product: &mut Product, now: Timestamp) {
    product.last_used_at = Some(now);
    product.expires_at = product.valid_for_days.map(|days| now.plus_days(days));
}

/// Chooses the engine of a generation: a product titled exactly `mock` always gets the mock engine.
pub fn engine_for<'a>(title: Option<&str>, chosen: &'a str) -> &'a str {
    if title == Some(super::MOCK_TITLE) {
        "mock"
    } else {
        chosen
    }
}

/// Chooses the engine of a generation with several products: one title is enough to get the mock engine.
pub fn engine_for_all<'a, 't>(
    titles: impl IntoIterator<Item = Option<&'t str>>,
    chosen: &'a str,
) -> &'a str {
    titles
        .into_iter()
        .fold(chosen, |engine, title| engine_for(title, engine))
}

#[cfg(test)]
mod tests {
    use serde_json::Map;
    use uuid::Uuid;

    use super::*;
    use crate::product::Patch;

    fn now() -> Timestamp {
        Timestamp::from_micros(0)
    }

    fn upsert(origin: ProductOrigin) -> ProductUpsert {
        ProductUpsert {
            external_id: "sku".parse().unwrap(),
            origin,
            title: Patch::Keep,
            description: Patch::Keep,
            metadata: Patch::Keep,
            valid_for_days: Patch::Keep,
            images: Some(vec![NewProductImage {
                source: ImageSource::Url("https://shop.example/a.jpg".into()),
                source_url: "https://shop.example/a.jpg".into(),
                classifications: Map::new(),
            }]),
        }
    }

    fn apply(stored: Option<Product>, upsert: ProductUpsert, at: Timestamp) -> Result<Upserted> {
        let account = AccountId::from_uuid(Uuid::from_u128(1));
        apply_upsert(
            stored,
            account,
            ProductId::from_uuid(Uuid::from_u128(2)),
            upsert,
            at,
        )
    }

    fn made(origin: ProductOrigin) -> Product {
        apply(None, upsert(origin), now())
            .map(|done| done.product)
            .unwrap()
    }

    #[test]
    fn lifetimes_follow_the_origin() {
        assert_eq!(
            made(ProductOrigin::Inline).expires_at,
            Some(now().plus_days(15))
        );
        assert_eq!(
            made(ProductOrigin::OneShot).expires_at,
            Some(now().plus_days(7))
        );
        assert_eq!(made(ProductOrigin::Registered).expires_at, None);
    }

    #[test]
    fn use_begins_the_lifetime_anew() {
        let mut product = made(ProductOrigin::Inline);
        touch(&mut product, now().plus_days(10));
        assert_eq!(product.expires_at, Some(now().plus_days(25)));
        assert_eq!(product.last_used_at, Some(now().plus_days(10)));
    }

    #[test]
    fn an_inline_update_keeps_a_registered_lifetime() {
        let mut register = upsert(ProductOrigin::Registered);
        register.valid_for_days = Patch::Set(30);
        let registered = apply(None, register, now())
            .map(|done| done.product)
            .unwrap();
        let mut change = upsert(ProductOrigin::Inline);
        change.title = Patch::Set("Tee".into());
        change.images = None;
        let done = apply(Some(registered), change, now().plus_days(1)).unwrap();
        assert!(!done.is_new);
        assert_eq!(done.product.origin, ProductOrigin::Registered);
        assert_eq!(done.product.valid_for_days, Some(30));
        assert_eq!(done.product.expires_at, Some(now().plus_days(30)));
        assert_eq!(done.product.title.as_deref(), Some("Tee"));
        assert_eq!(done.product.image_revision, 1);
    }

    #[test]
    fn registering_an_inline_product_keeps_it_for_ever() {
        let done = apply(
            Some(made(ProductOrigin::Inline)),
            upsert(ProductOrigin::Registered),
            now(),
        );
        let product = done.map(|done| done.product).unwrap();
        assert_eq!(product.origin, ProductOrigin::Registered);
        assert_eq!(product.expires_at, None);
    }

    #[test]
    fn the_same_pictures_again_are_not_fetched_again() {
        let stored = made(ProductOrigin::Inline);
        let again = apply(Some(stored.clone()), upsert(ProductOrigin::Inline), now()).unwrap();
        assert_eq!(again.product.image_revision, stored.image_revision);
        let mut other = upsert(ProductOrigin::Inline);
        for image in other.images.iter_mut().flatten() {
            "https://shop.example/b.jpg".clone_into(&mut image.source_url);
            image.source = ImageSource::Url(image.source_url.clone());
        }
        let changed = apply(Some(stored), other, now()).unwrap();
        assert_eq!(changed.product.image_revision, 2);
        assert_eq!(
            changed.product.images[0].source_url,
            "https://shop.example/b.jpg"
        );
    }

    #[test]
    fn null_validity_means_for_ever_and_omission_keeps_it() {
        let mut limited = upsert(ProductOrigin::Registered);
        limited.valid_for_days = Patch::Set(5);
        let product = apply(None, limited, now())
            .map(|done| done.product)
            .unwrap();
        let kept = apply(
            Some(product.clone()),
            upsert(ProductOrigin::Registered),
            now().plus_days(1),
        );
        assert_eq!(
            kept.map(|done| done.product.valid_for_days).ok(),
            Some(Some(5))
        );
        let mut for_ever = upsert(ProductOrigin::Registered);
        for_ever.valid_for_days = Patch::Clear;
        let cleared = apply(Some(product), for_ever, now()).map(|done| done.product);
        assert_eq!(cleared.map(|product| product.expires_at).ok(), Some(None));
    }

    #[test]
    fn a_product_needs_a_picture() {
        let code = |result: Result<Upserted>| result.err().map(|error| error.code());
        let mut without = upsert(ProductOrigin::Inline);
        without.images = None;
        assert_eq!(
            code(apply(None, without.clone(), now())),
            Some(Code::ProductImagesRequired)
        );
        assert!(apply(Some(made(ProductOrigin::Inline)), without.clone(), now()).is_ok());
        without.images = Some(Vec::new());
        assert_eq!(
            code(apply(Some(made(ProductOrigin::Inline)), without, now())),
            Some(Code::ProductImagesRequired)
        );
    }

    #[test]
    fn only_the_exact_title_selects_the_mock() {
        assert_eq!(engine_for(Some("mock"), "preview"), "mock");
        for title in [None, Some("Mock"), Some(" mock"), Some("mock tee")] {
            assert_eq!(engine_for(title, "preview"), "preview");
        }
    }

    #[test]
    fn one_title_of_an_outfit_selects_the_mock() {
        for place in 0..3 {
            let mut titles = [Some("Tee"), None, Some("Mock")];
            assert_eq!(engine_for_all(titles, "preview"), "preview");
            titles[place] = Some("mock");
            assert_eq!(engine_for_all(titles, "preview"), "mock");
        }
        assert_eq!(engine_for_all([], "preview"), "preview");
    }
}
