//! The API document, made from the code.

use std::{collections::BTreeMap, sync::LazyLock};

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use drape_core::Code;
use http::{HeaderValue, Method, header};
use utoipa::{
    Modify, OpenApi as _,
    openapi::{
        Content, OpenApi, Ref, RefOr, Response as ResponseDoc,
        path::Operation,
        security::{ApiKey, ApiKeyValue, SecurityRequirement, SecurityScheme},
    },
};

use super::{
    admin::{
        cancel_generation, clear_watermark, create_account, create_key, create_webhook,
        delete_webhook, erase_account_customer, get_account, get_account_credits, get_system,
        get_usage, get_watermark, get_watermark_logo, get_webhook, get_webhook_delivery,
        grant_credits, guard::ADMIN_KEY, inspect_generation, list_accounts, list_engines,
        list_keys, list_webhook_deliveries, list_webhooks, replay_webhook_delivery, revoke_key,
        rotate_webhook_secret, search_generations, send_test_webhook, set_watermark,
        update_account, update_webhook,
    },
    auth::API_KEY,
    docs,
    error::{ErrorBody, kind_to_status},
    health, pictures,
    tryon_v1::{
        create_try_on, create_try_on_sync, delete_product, erase_customer, get_credits,
        get_generation, get_product, list_generations, list_products, upload_image, upsert_product,
        watch_generation,
    },
};
use crate::router::{OPEN_ROUTES, Route, is_admin, listed_routes};

/// Name of the security scheme of accounts.
const KEY_SCHEME: &str = "apiKey";
/// Name of the security scheme of the admin API.
const ADMIN_KEY_SCHEME: &str = "adminKey";
/// Codes that every route can answer with.
const COMMON_ERRORS: [Code; 1] = [Code::InternalError];
/// Codes that every route with a key can answer with.
const GUARD_ERRORS: [Code; 4] = [
    Code::MissingApiKey,
    Code::InvalidApiKey,
    Code::RateLimited,
    Code::ServiceUnavailable,
];
/// Codes that every route of the admin API can answer with: it may be switched off.
const ADMIN_ERRORS: [Code; 1] = [Code::NotFound];

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "drape Try-On API",
        description = "Virtual try-on: a picture of a person and a product in, a picture of the person wearing it out. \
            Every error has the same shape; every answer carries `x-request-id`; every answer to a request with a key \
            carries `RateLimit-Policy` and `RateLimit`.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    paths(
        upload_image::upload_image,
        create_try_on::create_try_on,
        create_try_on_sync::create_try_on_sync,
        get_generation::get_generation,
        watch_generation::watch_generation,
        list_generations::list_generations,
        upsert_product::upsert_product,
        list_products::list_products,
        get_product::get_product,
        delete_product::delete_product,
        erase_customer::erase_customer,
        get_credits::get_credits,
        pictures::get_picture,
        health::check_health,
        health::check_readiness,
        docs::redirect_root,
        docs::redirect_docs,
        docs::get_docs,
        docs::get_docs_page,
        docs::get_docs_index,
        docs::get_docs_text,
        docs::get_docs_search,
        docs::get_docs_asset,
        get_openapi,
        create_account::create_account,
        list_accounts::list_accounts,
        get_account::get_account,
        update_account::update_account,
        create_key::create_key,
        list_keys::list_keys,
        revoke_key::revoke_key,
        grant_credits::grant_credits,
        get_account_credits::get_account_credits,
        erase_account_customer::erase_account_customer,
        search_generations::search_generations,
        inspect_generation::inspect_generation,
        cancel_generation::cancel_generation,
        get_usage::get_usage,
        get_system::get_system,
        get_watermark::get_watermark,
        set_watermark::set_watermark,
        clear_watermark::clear_watermark,
        get_watermark_logo::get_watermark_logo,
        list_engines::list_engines,
        create_webhook::create_webhook,
        list_webhooks::list_webhooks,
        get_webhook::get_webhook,
        update_webhook::update_webhook,
        delete_webhook::delete_webhook,
        rotate_webhook_secret::rotate_webhook_secret,
        send_test_webhook::send_test_webhook,
        list_webhook_deliveries::list_webhook_deliveries,
        get_webhook_delivery::get_webhook_delivery,
        replay_webhook_delivery::replay_webhook_delivery,
    ),
    components(schemas(ErrorBody)),
    tags(
        (name = "try-on", description = "Asking for try-ons and reading them"),
        (name = "images", description = "Pictures of persons, and picture URLs"),
        (name = "products", description = "Products of the account"),
        (name = "customers", description = "Erasing customers"),
        (name = "account", description = "The account itself"),
        (name = "documentation", description = "Pages for people and language models; no key needed"),
        (name = "operation", description = "For whoever runs the server; no key needed"),
        (name = "admin", description = "Running the server: accounts, keys, credits, generations, usage. Needs an admin key"),
    ),
    security(("apiKey" = [])),
    modifiers(&KeySchemes, &Errors),
)]
struct Document;

/// Makes the document.
pub fn openapi() -> OpenApi {
    Document::openapi()
}

/// Makes the document as pretty JSON with a line break at the end, as it stands in `openapi.json`.
pub fn openapi_json() -> String {
    // The document consists of strings and maps, which always serialise.
    let mut json = openapi().to_pretty_json().unwrap_or_default();
    json.push('\n');
    json
}

static SERVED: LazyLock<Bytes> = LazyLock::new(|| openapi_json().into());

/// Serves this document.
#[utoipa::path(
    get,
    path = "/openapi.json",
    operation_id = "get_openapi",
    tag = "operation",
    responses((status = 200, content_type = "application/json", body = Object, description = "The document")),
    security(())
)]
pub(crate) async fn get_openapi() -> Response {
    let json = HeaderValue::from_static("application/json");
    ([(header::CONTENT_TYPE, json)], SERVED.clone()).into_response()
}

/// Adds both kinds of keys, and asks for the admin's on its routes.
struct KeySchemes;

impl Modify for KeySchemes {
    fn modify(&self, document: &mut OpenApi) {
        let key = ApiKeyValue::with_description(
            API_KEY.as_str(),
            "A key of the account: `gk_` and 43 characters.",
        );
        let admin_key = ApiKeyValue::with_description(
            ADMIN_KEY.as_str(),
            "An admin key: `dak_` and 43 characters, made by `drape admin-key create`.",
        );
        let components = document.components.get_or_insert_default();
        for (name, key) in [(KEY_SCHEME, key), (ADMIN_KEY_SCHEME, admin_key)] {
            components.add_security_scheme(name, SecurityScheme::ApiKey(ApiKey::Header(key)));
        }
        for route in listed_routes() {
            if is_admin(route.path)
                && let Some(operation) = operation_of(document, &route)
            {
                let no_scopes: [&str; 0] = [];
                let requirement = SecurityRequirement::new(ADMIN_KEY_SCHEME, no_scopes);
                operation.security = Some(vec![requirement]);
            }
        }
    }
}

/// Adds the error answers of every route from the table of codes.
struct Errors;

impl Modify for Errors {
    fn modify(&self, document: &mut OpenApi) {
        for route in listed_routes() {
            if let Some(operation) = operation_of(document, &route) {
                add_errors(operation, &route);
            }
        }
    }
}

fn operation_of<'d>(document: &'d mut OpenApi, route: &Route) -> Option<&'d mut Operation> {
    let item = document.paths.paths.get_mut(route.path)?;
    match route.method {
        Method::GET => item.get.as_mut(),
        Method::POST => item.post.as_mut(),
        Method::PUT => item.put.as_mut(),
        Method::PATCH => item.patch.as_mut(),
        Method::DELETE => item.delete.as_mut(),
        _ => None,
    }
}

/// Every code that a route answers with, those of the frame at the end.
pub(crate) fn error_codes_of(route: &Route) -> Vec<Code> {
    let guard: &[Code] = if OPEN_ROUTES.contains(&route.path) {
        &[]
    } else {
        &GUARD_ERRORS
    };
    let admin: &[Code] = if is_admin(route.path) {
        &ADMIN_ERRORS
    } else {
        &[]
    };
    let all = route.errors.iter().chain(guard).chain(admin);
    all.chain(&COMMON_ERRORS).copied().collect()
}

fn add_errors(operation: &mut Operation, route: &Route) {
    let mut by_status: BTreeMap<u16, Vec<String>> = BTreeMap::new();
    for code in error_codes_of(route) {
        let line = format!("`{code}`: {}", code.description().trim());
        by_status
            .entry(kind_to_status(code.kind()).as_u16())
            .or_default()
            .push(line);
    }
    for (status, lines) in by_status {
        let mut response = ResponseDoc::new(lines.join("\n\n"));
        let body = Content::new(Some(Ref::from_schema_name("ErrorBody")));
        response
            .content
            .insert("application/json".to_owned(), RefOr::T(body));
        operation
            .responses
            .responses
            .insert(status.to_string(), RefOr::T(response));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_route_is_in_the_document_and_nothing_else() {
        let document = serde_json::to_value(openapi()).unwrap();
        let mut documented = BTreeSet::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for method in item.as_object().unwrap().keys() {
                documented.insert((method.to_uppercase(), path.clone()));
            }
        }
        let routed: BTreeSet<_> = listed_routes()
            .into_iter()
            .map(|route| (route.method.to_string(), route.path.to_owned()))
            .collect();
        assert_eq!(documented, routed);
    }

    #[test]
    fn operations_are_named_by_verb_and_noun_and_ask_for_a_key_unless_open() {
        let document = serde_json::to_value(openapi()).unwrap();
        assert_eq!(document["openapi"], "3.1.0");
        assert_eq!(document["security"][0]["apiKey"], serde_json::json!([]));
        let mut names = BTreeSet::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for operation in item.as_object().unwrap().values() {
                let name = operation["operationId"].as_str().unwrap();
                assert!(name.contains('_') && name == name.to_lowercase(), "{name}");
                assert!(names.insert(name.to_owned()), "{name} is not unique");
                let is_open = operation["security"] == serde_json::json!([{}]);
                assert_eq!(is_open, OPEN_ROUTES.contains(&path.as_str()), "{path}");
                let wants_admin = operation["security"] == serde_json::json!([{ "adminKey": [] }]);
                assert_eq!(wants_admin, is_admin(path), "{path}");
                assert_eq!(operation["tags"][0] == "admin", is_admin(path), "{path}");
                assert!(
                    operation["summary"]
                        .as_str()
                        .is_some_and(|text| !text.is_empty())
                );
                let errors = &operation["responses"]["500"]["content"]["application/json"];
                assert_eq!(errors["schema"]["$ref"], "#/components/schemas/ErrorBody");
            }
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let document = serde_json::to_value(openapi()).unwrap();
        let mut pending = vec![&document];
        let mut count = 0;
        while let Some(value) = pending.pop() {
            match value {
                serde_json::Value::Object(map) => {
                    if let Some(target) = map.get("$ref").and_then(serde_json::Value::as_str) {
                        let pointer = target.strip_prefix('#').unwrap();
                        assert!(document.pointer(pointer).is_some(), "{target}");
                        count += 1;
                    }
                    pending.extend(map.values());
                }
                serde_json::Value::Array(list) => pending.extend(list),
                _ => {}
            }
        }
        assert!(count > 20, "{count}");
    }

    #[test]
    fn the_stored_document_is_up_to_date() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
        let stored = std::fs::read_to_string(path).unwrap_or_default();
        let made = openapi_json();
        let new = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json.new");
        if stored != made {
            std::fs::write(new, &made).unwrap();
        }
        assert!(
            stored == made,
            "openapi.json is stale: look at openapi.json.new, then run `drape openapi > crates/server/openapi.json`"
        );
    }
}
