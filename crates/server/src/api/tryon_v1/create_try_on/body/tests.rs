//! Every spelling of the body, good and bad.

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
use proptest::prelude::*;
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
fn an_empty_body_names_both_missing_parts() {
    for body in [
        json!({}),
        json!({ "product": null, "customer": null }),
        json!({ "foo": 1 }),
    ] {
        assert_eq!(problems(&body), ["product: Required", "customer: Required"]);
    }
    for body in [json!([]), json!("x"), json!(null), json!(3)] {
        assert!(problems(&body)[0].starts_with("body: Expected object, received "));
    }
}

#[test]
fn every_problem_is_named_by_the_path_that_the_caller_wrote() {
    let body = json!({
        "products": [{
            "externalId": "_anon_mine",
            "title": 5,
            "description": "d".repeat(5_001),
            "images": [
                { "url": "nope" },
                { "source": { "url": 7 } },
                { "source": {} },
                { "fileKey": "missing" },
                { "url": URL, "fileKey": "f1" },
                null,
            ],
        }],
        "person": { "image": { "source": { "id": IMAGE_ID, "url": URL } } },
        "externalUserId": true,
        "output": { "watermark": "yes", "keepForDays": 5, "aiLabel": 0 },
        "engine": "nano",
    });
    assert_eq!(
        problems(&body),
        [
            "products.0.externalId: The prefix \"_anon_\" is reserved",
            "products.0.title: Expected string, received number",
            "products.0.description: String must contain at most 5000 character(s)",
            "products.0.images.0.url: Invalid url",
            "products.0.images.1.source.url: Expected string, received number",
            "products.0.images.2.source: Expected url or fileKey",
            "products.0.images.3.fileKey: Names no part of the request",
            "products.0.images.4: Expected exactly one of url | fileKey",
            "products.0.images.5: Expected object, received null",
            "person.image.source: Expected exactly one of id | url | fileKey",
            "externalUserId: Expected string, received boolean",
            "output.watermark: Expected boolean, received string",
            "output.keepForDays: Invalid enum value. Expected 1 | 3 | 7, received 5",
            "output.aiLabel: Expected boolean, received number",
            "engine: Invalid enum value. Expected 'preview' | 'mock', received 'nano'",
        ]
        .map(|line| line.replace(
            "Expected boolean, received boolean",
            "Expected string, received boolean"
        ))
    );
    let old = json!({
        "product": { "images": [{ "url": "http://" }] },
        "customer": { "url": "ftp://x/y" },
        "customerId": "",
        "useWatermark": 1,
        "retentionDays": "7",
    });
    assert_eq!(
        problems(&old),
        [
            "product.images.0.url: Invalid url",
            "customer.url: Invalid url",
            "customerId: String must contain at least 1 character(s)",
            "useWatermark: Expected boolean, received number",
            "retentionDays: Expected number, received string",
        ]
    );
}

#[test]
fn shapes_that_are_wrong_as_a_whole() {
    let with_product = |product: Value| json!({ "product": product, "customer": upload() });
    let with_person = |person: Value| json!({ "product": reference(), "person": person });
    for (body, problem) in [
        (
            with_product(json!([])),
            "product: Expected object, received array",
        ),
        (
            with_product(json!({ "externalId": 1 })),
            "product.externalId: Expected string, received number",
        ),
        (
            with_product(json!({ "externalId": "" })),
            "product.externalId: String must contain at least 1 character(s)",
        ),
        (
            with_product(json!({ "externalId": "a\u{7}" })),
            "product.externalId: Only printable characters are allowed",
        ),
        (
            with_product(json!({ "externalId": "x".repeat(256) })),
            "product.externalId: String must contain at most 255 character(s)",
        ),
        (
            with_product(json!({ "images": vec![json!({ "url": URL }); 9] })),
            "product.images: Array must contain at most 8 element(s)",
        ),
        (
            with_product(json!({ "images": {} })),
            "product.images: Expected array, received object",
        ),
        (
            with_product(json!({ "imageUrls": [1] })),
            "product.imageUrls.0: Expected string, received number",
        ),
        (
            with_person(json!("me")),
            "person: Expected object, received string",
        ),
        (
            with_person(json!({ "image": 1 })),
            "person.image: Expected object, received number",
        ),
        (
            with_person(json!({ "image": { "source": [] } })),
            "person.image.source: Expected object, received array",
        ),
        (
            json!({ "products": vec![reference(); 4], "customer": upload() }),
            "products: Array must contain at most 3 element(s)",
        ),
        (
            json!({ "products": [], "product": reference(), "customer": upload() }),
            "products: Array must contain at least 1 element(s)",
        ),
        (
            json!({ "products": reference(), "customer": upload() }),
            "products: Expected array, received object",
        ),
        (
            json!({ "product": reference(), "customer": { "id": 5 } }),
            "customer.id: Expected string, received number",
        ),
        (
            json!({ "product": reference(), "customer": { "id": "" } }),
            "customer.id: String must contain at least 1 character(s)",
        ),
        (
            json!({ "product": reference(), "customer": upload(), "output": [] }),
            "output: Expected object, received array",
        ),
        (
            json!({ "product": reference(), "customer": upload(), "externalUserId": "a\nb" }),
            "externalUserId: Only printable characters are allowed",
        ),
    ] {
        assert_eq!(problems(&body), [problem], "{body}");
    }
}

#[test]
fn codes_of_their_own_count_when_all_else_fits() {
    for body in [
        json!({ "product": reference() }),
        json!({ "product": reference(), "customer": {} }),
        json!({ "product": reference(), "customer": { "id": null } }),
        json!({ "product": reference(), "customer": { "source": {} } }),
        json!({ "product": reference(), "person": {} }),
        json!({ "product": reference(), "person": { "image": {} }, "customer": upload() }),
        json!({ "product": reference(), "person": { "image": { "source": {} } } }),
    ] {
        assert_eq!(code(&body), Code::CustomerImageRequired, "{body}");
    }
    for product in [
        json!({}),
        json!({ "title": "x" }),
        json!({ "images": [] }),
        json!({ "externalId": "a", "images": [] }),
        json!({ "imageUrls": [] }),
    ] {
        let body = json!({ "product": product, "customer": upload() });
        assert_eq!(code(&body), Code::ProductImagesRequired, "{body}");
    }
    for entry in [
        json!({}),
        json!({ "source": {} }),
        json!({ "url": null }),
        json!({ "role": "x" }),
    ] {
        let body = json!({ "product": { "images": [entry] }, "customer": upload() });
        assert_eq!(code(&body), Code::InvalidImageInput, "{body}");
    }
    for body in [
        json!({ "product": { "images": [{ "fileKey": "f" }] }, "customer": upload() }),
        json!({ "product": reference(), "customer": { "fileKey": "f" } }),
    ] {
        assert_eq!(code(&body), Code::MultipartFileNotFound, "{body}");
    }
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

/// JSON that is often near a real body: known keys, nested at random.
fn near_json() -> impl Strategy<Value = Value> {
    let key = prop::sample::select(vec![
        "product",
        "products",
        "person",
        "customer",
        "image",
        "images",
        "imageUrls",
        "source",
        "id",
        "url",
        "fileKey",
        "externalId",
        "title",
        "description",
        "metadata",
        "classifications",
        "validForDays",
        "externalUserId",
        "customerId",
        "output",
        "watermark",
        "keepForDays",
        "aiLabel",
        "useWatermark",
        "retentionDays",
        "engine",
        "productId",
        "customerImageId",
        "odd",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        prop::sample::select(vec![IMAGE_ID, URL, "sku", "f1", "mock", "_anon_x", "7"])
            .prop_map(Value::from),
        prop::sample::select(vec![1, 3, 7]).prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key.clone(), inner), 0..6).prop_map(|pairs| {
                Value::Object(
                    pairs
                        .into_iter()
                        .map(|(key, value)| (key.to_owned(), value))
                        .collect(),
                )
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn whatever_comes_is_folded_or_refused_as_the_callers_fault(json in near_json()) {
        match read_with(&json, &[("f1", b"x")]) {
            Ok(command) => {
                prop_assert!(command.keep_for_days.is_none_or(|days| KEEP_FOR_DAYS.contains(&days)));
            }
            Err(error) => {
                prop_assert!(error.status().is_client_error(), "{json}: {error:?}");
                let is_validation = error.error().code() == Code::ValidationFailed;
                prop_assert_eq!(is_validation, !error.error().details().is_empty());
                for detail in error.error().details() {
                    prop_assert!(!detail.path.is_empty() && !detail.message.is_empty());
                }
            }
        }
    }
}
