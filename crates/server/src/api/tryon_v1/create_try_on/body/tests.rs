//! Every spelling of the body, good and bad.

mod noise;
mod problems;

use std::sync::Arc;

use async_trait::async_trait;
use drape_core::{
    catalog::ImageInput,
    engine::{
        Capabilities, DigitalSource, Engine, EngineError, EngineErrorKind, EngineInput,
        EngineOutput,
    },
    product::Patch,
};
use serde_json::json;

use super::*;

/// An engine that only has a name.
struct Named(&'static str);

#[async_trait]
impl Engine for Named {
    fn name(&self) -> &'static str {
        self.0
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            categories: Vec::new(),
            max_at_once: None,
            time_limit: None,
            is_local_cpu: false,
            max_items: 1,
            uses_garment: false,
            source: DigitalSource::Composite,
            version: "1".to_owned(),
        }
    }

    async fn check(&self) -> Result<(), EngineError> {
        Ok(())
    }

    async fn generate(&self, _: EngineInput) -> Result<EngineOutput, EngineError> {
        Err(EngineError::new(EngineErrorKind::ProviderError, "no"))
    }
}

fn engines() -> Engines {
    let all: Vec<Arc<dyn Engine>> = vec![Arc::new(Named("preview")), Arc::new(Named("mock"))];
    Engines::new(all, "preview")
}

fn read(json: &Value) -> Result<CreateTryOn, ApiError> {
    fold(json, &Form::default(), &engines())
}

fn read_with(json: &Value, files: &[(&str, &[u8])]) -> Result<CreateTryOn, ApiError> {
    fold(json, &Form::of_files(files), &engines())
}

fn code(json: &Value) -> Code {
    read(json).unwrap_err().error().code()
}

fn problems(json: &Value) -> Vec<String> {
    let error = read(json).unwrap_err();
    assert_eq!(error.error().code(), Code::ValidationFailed, "{json}");
    error
        .error()
        .details()
        .iter()
        .map(|detail| format!("{}: {}", detail.path, detail.message))
        .collect()
}

const IMAGE_ID: &str = "img_01920000000070008000000000000001";
const URL: &str = "https://shop.example/a.jpg";

fn reference() -> Value {
    json!({ "externalId": "sku" })
}

fn upload() -> Value {
    json!({ "id": IMAGE_ID })
}

/// The command of a body in words, so that spellings can be compared.
fn shape(json: &Value) -> String {
    let command = read_with(json, &[("f1", b"one"), ("f2", b"two")])
        .unwrap_or_else(|error| panic!("{json}: {error:?}"));
    format!("{command:?}")
}

#[test]
fn all_spellings_of_the_person_fold_into_one() {
    let canonical = |source: &Value| json!({ "products": [reference()], "person": { "image": { "source": source } } });
    for source in [upload(), json!({ "url": URL }), json!({ "fileKey": "f1" })] {
        let wanted = shape(&canonical(&source));
        for body in [
            json!({ "product": reference(), "customer": source }),
            json!({ "product": reference(), "customer": { "source": source } }),
            json!({ "product": reference(), "customer": { "source": source, "id": 7 } }),
            json!({ "product": reference(), "person": { "image": { "source": source } }, "customer": 1 }),
            json!({ "product": reference(), "person": null, "customer": source, "unknown": [1] }),
            json!({ "products": null, "product": reference(), "customer": source }),
        ] {
            assert_eq!(shape(&body), wanted, "{body}");
        }
    }
}

#[test]
fn all_spellings_of_pictures_fold_into_one() {
    let with = |product: Value| json!({ "product": product, "customer": upload() });
    let wanted = shape(&with(json!({ "images": [{ "source": { "url": URL } }] })));
    for product in [
        json!({ "images": [{ "url": URL }] }),
        json!({ "images": [{ "url": URL, "role": "front", "classifications": null }] }),
        json!({ "images": [{ "url": URL, "classifications": {} }] }),
        json!({ "images": [{ "source": { "url": URL, "fileKey": null }, "url": "ignored" }] }),
        json!({ "imageUrls": [URL] }),
        json!({ "images": null, "imageUrls": [URL] }),
        json!({ "images": [{ "url": URL }], "imageUrls": "ignored" }),
        json!({ "externalId": null, "title": null, "images": [{ "url": URL }] }),
    ] {
        assert_eq!(shape(&with(product.clone())), wanted, "{product}");
    }
    let wanted = shape(&with(
        json!({ "images": [{ "source": { "fileKey": "f2" } }] }),
    ));
    assert_eq!(
        shape(&with(json!({ "images": [{ "fileKey": "f2" }] }))),
        wanted
    );
}

#[test]
fn all_spellings_of_the_options_fold_into_one() {
    let wanted = shape(&json!({
        "product": reference(), "customer": upload(), "externalUserId": "u",
        "output": { "watermark": false, "keepForDays": 3 },
    }));
    for body in [
        json!({
            "product": reference(), "customer": upload(), "customerId": "u", "useWatermark": false, "retentionDays": 3,
        }),
        json!({
            "product": reference(), "customer": upload(), "externalUserId": "u", "customerId": 9,
            "output": { "watermark": false, "keepForDays": 3.0 }, "useWatermark": "x", "retentionDays": 99,
        }),
        json!({
            "product": reference(), "customer": upload(), "externalUserId": null, "customerId": "u",
            "output": { "watermark": null }, "useWatermark": false, "retentionDays": 3,
        }),
    ] {
        assert_eq!(shape(&body), wanted, "{body}");
    }
}

#[test]
fn what_is_left_out_has_its_default() {
    let command = read(&json!({ "product": reference(), "customer": upload() })).unwrap();
    assert!(command.watermark);
    assert_eq!(command.keep_for_days, None);
    assert_eq!(command.ai_label, None);
    assert_eq!(command.engine, None);
    assert_eq!(command.external_user_id, None);
    assert!(
        matches!(command.products.as_slice(), [ProductInput::Reference(id)] if id.as_str() == "sku")
    );
    let command = read(&json!({
        "product": reference(), "customer": upload(), "engine": "mock", "output": { "aiLabel": true },
    }))
    .unwrap();
    assert_eq!(command.engine.as_deref(), Some("mock"));
    assert_eq!(command.ai_label, Some(true));
}

#[test]
fn the_three_ways_to_name_a_product_are_told_apart() {
    let product = |product: Value| {
        read(&json!({ "product": product, "customer": upload() }))
            .unwrap()
            .products
            .remove(0)
    };
    for reference in [
        json!({ "externalId": "a" }),
        json!({ "externalId": "_anon_0192" }),
        json!({ "externalId": "a", "title": null, "images": null, "validForDays": null }),
        json!({ "externalId": "a", "unknown": 1 }),
    ] {
        assert!(
            matches!(product(reference.clone()), ProductInput::Reference(_)),
            "{reference}"
        );
    }
    for field in ["title", "description"] {
        let inline = product(json!({ "externalId": "a", field: "x" }));
        let ProductInput::Define(draft) = inline else {
            panic!("{field} makes a product inline")
        };
        assert_eq!(draft.origin, ProductOrigin::Inline);
        assert!(draft.images.is_none());
    }
    let ProductInput::Define(draft) = product(json!({
        "externalId": "a", "title": "Tee", "description": null, "metadata": { "color": "red" }, "validForDays": 30,
        "images": [{ "url": URL, "classifications": { "category": "top", "odd": [1] } }],
    })) else {
        panic!("inline")
    };
    assert_eq!(draft.title, Patch::Set("Tee".to_owned()));
    assert!(draft.description.is_keep());
    assert!(
        draft.valid_for_days.is_keep(),
        "only POST /products sets lifetimes"
    );
    let images = draft.images.unwrap();
    assert!(matches!(&images[0].input, ImageInput::Url(url) if url == URL));
    assert_eq!(images[0].classifications["odd"], json!([1]));

    let ProductInput::Define(draft) = product(json!({ "imageUrls": [URL] })) else {
        panic!("one-shot")
    };
    assert_eq!(draft.origin, ProductOrigin::OneShot);
    assert!(draft.external_id.is_none());
}

#[test]
fn products_of_an_outfit_keep_their_order_and_every_problem_is_told() {
    let names = |count: usize| -> Vec<Value> {
        let name = |place: usize| json!({ "externalId": format!("sku-{place}") });
        (0..count).map(name).collect()
    };
    for count in 1..=3 {
        let body =
            json!({ "products": names(count), "product": reference(), "customer": upload() });
        let products = read(&body).unwrap().products;
        let ids: Vec<_> = products
            .iter()
            .map(|product| match product {
                ProductInput::Reference(id) => id.as_str(),
                ProductInput::Define(_) => "",
            })
            .collect();
        assert_eq!(ids, ["sku-0", "sku-1", "sku-2"][..count]);
    }
    let body = json!({
        "products": [{ "externalId": "" }, 5, { "title": "new", "images": [{ "url": "x" }] }], "customer": upload(),
    });
    assert_eq!(
        problems(&body),
        [
            "products.0.externalId: String must contain at least 1 character(s)",
            "products.1: Expected object, received number",
            "products.2.images.0.url: Invalid url",
        ]
    );
}

#[test]
fn file_keys_find_their_parts() {
    let files: &[(&str, &[u8])] = &[("me", b"person"), ("shirt", b"garment"), ("unused", b"x")];
    let body = json!({ "product": { "images": [{ "fileKey": "shirt" }] }, "customer": { "fileKey": "me" } });
    let command = read_with(&body, files).unwrap();
    assert!(matches!(command.person, PersonInput::Bytes(bytes) if bytes == "person"));
    let [ProductInput::Define(draft)] = command.products.as_slice() else {
        panic!("one-shot")
    };
    let images = draft.images.as_ref().unwrap();
    assert!(
        matches!(&images[0].input, ImageInput::Bytes(key, bytes) if key == "shirt" && bytes == "garment")
    );

    let twice: &[(&str, &[u8])] = &[("me", b"1"), ("me", b"2")];
    let body = json!({ "product": reference(), "customer": { "fileKey": "me" } });
    let error = read_with(&body, twice).unwrap_err();
    assert_eq!(
        error.error().message(),
        "customer.fileKey: Names a part that is given more than once"
    );
}

#[test]
fn image_ids_that_cannot_exist_are_not_found() {
    let long = "x".repeat(5_000);
    for id in [
        "nope",
        "img_",
        "gen_01920000000070008000000000000001",
        " ",
        long.as_str(),
        "../x",
    ] {
        let body = json!({ "product": reference(), "customer": { "id": id } });
        assert_eq!(code(&body), Code::ImageNotFound, "{id}");
    }
    // A body that does not fit is told so first.
    let body = json!({ "product": { "title": 1 }, "customer": { "id": "nope" } });
    assert_eq!(code(&body), Code::ValidationFailed);
}

#[test]
fn the_alpha_is_shown_the_way() {
    for body in [
        json!({ "productId": "a", "customerImageId": "b" }),
        json!({ "productId": "a" }),
        json!({ "customerImageId": 7, "customerId": "u" }),
    ] {
        let error = read(&body).unwrap_err();
        assert_eq!(error.error().code(), Code::ValidationFailed);
        assert!(
            error
                .error()
                .message()
                .contains("/docs/migrating-from-alpha")
        );
        assert_eq!(error.error().details().len(), 1);
    }
    // A stray old key beside the new ones is only an unknown key.
    assert!(
        read(&json!({ "product": reference(), "customer": upload(), "productId": "a" })).is_ok()
    );
}
