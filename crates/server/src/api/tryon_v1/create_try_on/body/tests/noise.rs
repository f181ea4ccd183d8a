//! Bodies made at random: every one is folded or refused, none breaks the server.

use proptest::prelude::*;

use super::*;

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
