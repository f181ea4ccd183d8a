//! What [`Products`](drape_core::ports::Products) must do.
#![expect(clippy::unwrap_used, reason = "a rule that is broken shall panic")]

use std::time::Duration;

use drape_core::{
    Code,
    ids::{AccountId, ProductId},
    image::BlobKind,
    page::{Page, PageRequest},
    ports::Ids,
    product::{Patch, Product, ProductOrigin, ProductUpsert, UnfetchedImage},
};
use serde_json::{Map, json};

use super::data::{DataPorts, LONG, code, external_id, stored_image, upsert, url_image};

async fn find(data: &DataPorts, account: AccountId, name: &str) -> Option<Product> {
    data.products
        .find(account, &external_id(name), data.now())
        .await
        .unwrap()
}

async fn list(data: &DataPorts, account: AccountId, page: PageRequest) -> Page<Product> {
    data.products.list(account, page, data.now()).await.unwrap()
}

fn names(page: &Page<Product>) -> Vec<&str> {
    page.items
        .iter()
        .map(|product| product.external_id.as_str())
        .collect()
}

async fn claim(data: &DataPorts, limit: u32, lease: Duration) -> Vec<UnfetchedImage> {
    data.products
        .claim_unfetched(limit, lease, data.now())
        .await
        .unwrap()
}

fn changes(name: &str) -> ProductUpsert {
    ProductUpsert {
        external_id: external_id(name),
        origin: ProductOrigin::Registered,
        title: Patch::Keep,
        description: Patch::Keep,
        metadata: Patch::Keep,
        valid_for_days: Patch::Keep,
        images: None,
    }
}

/// What the upsert returns is what is found later.
pub async fn a_product_comes_back_as_stored(data: &DataPorts) {
    let account = data.account("shop", 0).await.id;
    let metadata = Map::from_iter([
        ("z".to_owned(), json!({ "deep": [1, null, "ü"] })),
        ("a".to_owned(), json!(1)),
    ]);
    let mut new = upsert("sku 1", ProductOrigin::Registered);
    new.metadata = Patch::Set(metadata.clone());
    new.valid_for_days = Patch::Set(30);
    new.images = Some(vec![
        url_image("https://shop.example/front.jpg"),
        stored_image(data.picture(account, BlobKind::Product)),
        url_image("https://shop.example/back.jpg"),
    ]);
    let id = ProductId::from_uuid(data.ids.uuid());
    let done = data.products.upsert(account, id, new, data.now()).await;
    let done = done.unwrap();
    assert!(done.is_new);
    assert_eq!(done.product.id, id);
    let found = find(data, account, "sku 1").await.unwrap();
    assert_eq!(found, done.product);
    assert_eq!(found.metadata, Some(metadata));
    assert_eq!(found.expires_at, Some(data.now().plus_days(30)));
    let orders: Vec<_> = found.images.iter().map(|image| image.order).collect();
    assert_eq!(orders, [0, 1, 2]);
    assert!(found.images[1].picture.is_some());
    let listed = list(data, account, PageRequest::default()).await;
    assert_eq!(listed.items, [found]);
}

/// Left-out fields stay, null clears, pictures are replaced as a whole.
pub async fn an_upsert_changes_only_what_it_names(data: &DataPorts) {
    let account = data.account("shop", 0).await.id;
    let id = data.register(account, "sku").await;
    data.clock.advance(Duration::from_mins(1));
    let mut change = changes("sku");
    change.description = Patch::Clear;
    change.metadata = Patch::Set(Map::from_iter([("k".to_owned(), json!(true))]));
    let done = data
        .products
        .upsert(
            account,
            ProductId::from_uuid(data.ids.uuid()),
            change,
            data.now(),
        )
        .await;
    let done = done.unwrap();
    assert!(!done.is_new);
    let found = find(data, account, "sku").await.unwrap();
    assert_eq!(found, done.product);
    assert_eq!(found.id, id);
    assert_eq!(found.title.as_deref(), Some("Title of sku"));
    assert_eq!(found.description, None);
    assert_eq!(found.updated_at, data.now());
    assert_ne!(found.created_at, found.updated_at);
    assert_eq!(found.images.len(), 1);

    let mut change = changes("sku");
    change.images = Some(vec![
        url_image("https://shop.example/b.jpg"),
        url_image("https://shop.example/c.jpg"),
    ]);
    data.upsert(account, change).await;
    let found = find(data, account, "sku").await.unwrap();
    assert_eq!(found.image_revision, 2);
    let urls: Vec<_> = found
        .images
        .iter()
        .map(|image| image.source_url.as_str())
        .collect();
    assert_eq!(
        urls,
        ["https://shop.example/b.jpg", "https://shop.example/c.jpg"]
    );
}

/// A product without a picture is refused and leaves nothing.
pub async fn a_product_needs_a_picture(data: &DataPorts) {
    let account = data.account("shop", 0).await.id;
    for images in [None, Some(Vec::new())] {
        let mut new = upsert("bare", ProductOrigin::Inline);
        new.images = images;
        let id = ProductId::from_uuid(data.ids.uuid());
        let refused = data.products.upsert(account, id, new, data.now()).await;
        assert_eq!(code(refused), Some(Code::ProductImagesRequired));
        assert_eq!(find(data, account, "bare").await, None);
    }
}

/// External ids are any printable text, and each account has its own.
pub async fn external_ids_are_told_apart(data: &DataPorts) {
    let account = data.account("shop", 0).await.id;
    let other = data.account("other", 0).await.id;
    let long = "x".repeat(255);
    let odd = [
        "sku",
        "SKU",
        "sku ",
        "Größe 42/ß",
        "🧥",
        "../..",
        "%2F",
        "null",
        "'; --",
        "_%",
        &long,
    ];
    for name in odd {
        data.register(account, name).await;
    }
    for name in odd {
        let found = find(data, account, name).await.unwrap();
        assert_eq!(found.external_id.as_str(), name);
        assert_eq!(found.title, Some(format!("Title of {name}")));
        assert_eq!(find(data, other, name).await, None);
    }
    assert!(
        list(data, other, PageRequest::default())
            .await
            .items
            .is_empty()
    );
    data.register(other, "sku").await;
    assert!(
        data.products
            .delete(other, &external_id("sku"), data.now())
            .await
            .unwrap()
    );
    assert!(find(data, account, "sku").await.is_some());
}

/// From its last moment on a product counts as missing; its name is free for a new one.
pub async fn an_expired_product_is_missing(data: &DataPorts) {
    let account = data.account("shop", 0).await.id;
    let old = data
        .upsert(account, upsert("sku", ProductOrigin::Inline))
        .await;
    data.clock.advance_days(15);
    assert_eq!(find(data, account, "sku").await, None);
    assert!(
        list(data, account, PageRequest::default())
            .await
            .items
            .is_empty()
    );
    let name = external_id("sku");
    let deleted = data.products.delete(account, &name, data.now()).await;
    assert!(!deleted.unwrap());
    assert_eq!(
        code(
            data.products
                .upsert(
                    account,
                    ProductId::from_uuid(data.ids.uuid()),
                    changes("sku"),
                    data.now()
                )
                .await
        ),
        Some(Code::ProductImagesRequired)
    );
    let new = data
        .upsert(account, upsert("sku", ProductOrigin::Inline))
        .await;
    assert_ne!(old, new);
    assert_eq!(find(data, account, "sku").await.unwrap().id, new);
}

/// A deleted product is gone at once; its name is free for a new one.
pub async fn a_deleted_product_is_missing(data: &DataPorts) {
    let account = data.account("shop", 0).await.id;
    let old = data.register(account, "sku").await;
    let name = external_id("sku");
    assert!(
        data.products
            .delete(account, &name, data.now())
            .await
            .unwrap()
    );
    assert!(
        !data
            .products
            .delete(account, &name, data.now())
            .await
            .unwrap()
    );
    assert_eq!(find(data, account, "sku").await, None);
    let new = data.register(account, "sku").await;
    assert_ne!(old, new);
    let found = find(data, account, "sku").await.unwrap();
    assert_eq!((found.id, found.image_revision), (new, 1));
}

/// Pages neither repeat nor skip a product while others are added; one-shot products are not listed.
pub async fn product_pages_stay_right(data: &DataPorts) {
    let account = data.account("shop", 0).await.id;
    for number in 0..5 {
        data.register(account, &format!("p{number}")).await;
        let one_shot = drape_core::product::ExternalId::one_shot(data.ids.uuid());
        data.upsert(account, upsert(one_shot.as_str(), ProductOrigin::OneShot))
            .await;
    }
    let first = PageRequest {
        limit: 2,
        after: None,
    };
    let page = list(data, account, first).await;
    assert_eq!(names(&page), ["p4", "p3"]);
    data.register(account, "late").await;
    let page = list(
        data,
        account,
        PageRequest {
            limit: 2,
            after: page.next,
        },
    )
    .await;
    assert_eq!(names(&page), ["p2", "p1"]);
    let page = list(
        data,
        account,
        PageRequest {
            limit: 2,
            after: page.next,
        },
    )
    .await;
    assert_eq!(names(&page), ["p0"]);
    assert_eq!(page.next, None);
}

/// Pictures to fetch are leased, offered three times at most, and kept once.
pub async fn unfetched_pictures_are_leased(data: &DataPorts) {
    let account = data.account("shop", 0).await.id;
    let product = data.register(account, "sku").await;
    let images = claim(data, 10, Duration::from_mins(1)).await;
    assert_eq!(
        images,
        [UnfetchedImage {
            account,
            product,
            revision: 1,
            order: 0,
            url: "https://shop.example/a.jpg".to_owned(),
        }]
    );
    assert!(claim(data, 10, LONG).await.is_empty());
    for _ in 2..=3 {
        data.clock.advance(Duration::from_mins(1));
        assert_eq!(claim(data, 10, Duration::from_mins(1)).await, images);
    }
    data.clock.advance(LONG);
    assert!(claim(data, 10, LONG).await.is_empty());

    // Also after its last offer a picture may be kept; a second copy is thrown away.
    let picture = data.picture(account, BlobKind::Product);
    let keep = async |picture| data.products.keep_fetched(&images[0], picture).await;
    assert!(keep(picture.clone()).await.unwrap());
    assert!(
        !keep(data.picture(account, BlobKind::Product))
            .await
            .unwrap()
    );
    let found = find(data, account, "sku").await.unwrap();
    assert_eq!(found.images[0].picture, Some(picture));
}

/// At most `limit` pictures are offered, and stored ones not at all.
pub async fn only_missing_pictures_are_offered(data: &DataPorts) {
    let account = data.account("shop", 0).await.id;
    let mut new = upsert("sku", ProductOrigin::Registered);
    new.images = Some(vec![
        stored_image(data.picture(account, BlobKind::Product)),
        url_image("https://shop.example/1.jpg"),
        url_image("https://shop.example/2.jpg"),
    ]);
    data.upsert(account, new).await;
    assert_eq!(claim(data, 1, LONG).await.len(), 1);
    assert_eq!(claim(data, 9, LONG).await.len(), 1);
    assert!(claim(data, 9, LONG).await.is_empty());
}

/// Bytes for a picture that was replaced or deleted meanwhile are not kept, and it is not offered again.
pub async fn replaced_pictures_are_not_kept(data: &DataPorts) {
    let account = data.account("shop", 0).await.id;
    data.register(account, "sku").await;
    let old = claim(data, 1, Duration::ZERO).await.remove(0);
    let mut change = changes("sku");
    change.images = Some(vec![url_image("https://shop.example/b.jpg")]);
    data.upsert(account, change).await;
    let picture = data.picture(account, BlobKind::Product);
    assert!(!data.products.keep_fetched(&old, picture).await.unwrap());
    let offered = claim(data, 9, Duration::ZERO).await;
    assert_eq!(offered.len(), 1);
    assert_eq!(offered[0].revision, 2);

    let name = external_id("sku");
    assert!(
        data.products
            .delete(account, &name, data.now())
            .await
            .unwrap()
    );
    let picture = data.picture(account, BlobKind::Product);
    let kept = data.products.keep_fetched(&offered[0], picture).await;
    assert!(!kept.unwrap());
    assert!(claim(data, 9, LONG).await.is_empty());
}
