//! Bodies that are refused, and how each fault is named.

use serde_json::json;

use super::*;

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
