//! Every route of the server.

mod admin;

use axum::{Router, handler::Handler, middleware, routing};
use drape_core::Code;
use drape_imaging::MAX_LOGO_BYTES;
use http::Method;

use crate::{
    api::{
        auth, docs, frame, health, openapi, pictures,
        tryon_v1::{
            create_try_on, create_try_on_sync, delete_product, erase_customer, get_credits,
            get_generation, get_product, list_generations, list_products, upload_image,
            upsert_product, watch_generation,
        },
    },
    state::{ApiSettings, AppState},
};

pub use admin::is_admin;
pub(crate) use admin::{ACCOUNT_CREDITS, WATERMARK};

/// Template of the upload route.
pub(crate) const UPLOAD: &str = "/tryon/v1/images/upload";
/// Template of the try-on route.
pub(crate) const TRY_ON: &str = "/tryon/v1/try-on";
/// Template of the try-on route that waits.
pub(crate) const TRY_ON_SYNC: &str = "/tryon/v1/try-on/sync";
/// Template of the route that clients poll.
pub(crate) const GENERATION: &str = "/tryon/v1/generations/{id}";
/// Template of the route that sends events.
pub(crate) const GENERATION_EVENTS: &str = "/tryon/v1/generations/{id}/events";
const GENERATIONS: &str = "/tryon/v1/generations";
/// Template of the products route.
pub(crate) const PRODUCTS: &str = "/tryon/v1/products";
const PRODUCT: &str = "/tryon/v1/products/{externalId}";
const CUSTOMER: &str = "/tryon/v1/customers/{customerId}";
const CREDITS: &str = "/tryon/v1/account/credits";
const PICTURE: &str = "/tryon/v1/pictures/{kind}/{file}";
const HEALTHZ: &str = "/healthz";
const READYZ: &str = "/readyz";
const OPENAPI: &str = "/openapi.json";
const ROOT: &str = "/";
const DOCS: &str = "/docs";
const DOCS_SLASH: &str = "/docs/";
const DOCS_PAGE: &str = "/docs/{page}";
const DOCS_INDEX: &str = "/docs/llms.txt";
const DOCS_TEXT: &str = "/docs/llms-full.txt";
const DOCS_SEARCH: &str = "/docs/search.json";
const DOCS_ASSET: &str = "/docs/assets/{file}";

/// The routes that need no key. Every other one needs an account's key, or an admin key where [`is_admin`] says so.
/// Picture URLs carry a signature instead.
pub const OPEN_ROUTES: [&str; 12] = [
    HEALTHZ,
    READYZ,
    OPENAPI,
    PICTURE,
    ROOT,
    DOCS,
    DOCS_SLASH,
    DOCS_PAGE,
    DOCS_INDEX,
    DOCS_TEXT,
    DOCS_SEARCH,
    DOCS_ASSET,
];

/// Room in an upload for its other parts and the lines between them.
const UPLOAD_SLACK_BYTES: usize = 1_000_000;

/// One route, for the API document and its tests.
#[derive(Debug, Clone)]
pub struct Route {
    /// Method.
    pub method: Method,
    /// Path template.
    pub path: &'static str,
    /// Codes that this route answers with, besides those of the frame.
    pub errors: &'static [Code],
}

/// Builds the router with its frame: request ids, error shape, size, key and rate checks.
pub fn router(state: AppState) -> Router {
    routes()
        .router
        .layer(middleware::from_fn_with_state(state.clone(), auth::guard))
        .layer(middleware::from_fn_with_state(state.clone(), frame::frame))
        .with_state(state)
}

/// Lists all routes.
pub fn listed_routes() -> Vec<Route> {
    routes().listed
}

fn routes() -> Routes {
    let routes = Routes::default()
        .post(UPLOAD, upload_image::upload_image, upload_image::ERRORS)
        .post(TRY_ON, create_try_on::create_try_on, create_try_on::ERRORS)
        .post(
            TRY_ON_SYNC,
            create_try_on_sync::create_try_on_sync,
            create_try_on_sync::ERRORS,
        )
        .get(
            GENERATION,
            get_generation::get_generation,
            get_generation::ERRORS,
        )
        .get(
            GENERATION_EVENTS,
            watch_generation::watch_generation,
            watch_generation::ERRORS,
        )
        .get(
            GENERATIONS,
            list_generations::list_generations,
            list_generations::ERRORS,
        )
        .post(
            PRODUCTS,
            upsert_product::upsert_product,
            upsert_product::ERRORS,
        )
        .get(
            PRODUCTS,
            list_products::list_products,
            list_products::ERRORS,
        )
        .get(PRODUCT, get_product::get_product, get_product::ERRORS)
        .delete(
            PRODUCT,
            delete_product::delete_product,
            delete_product::ERRORS,
        )
        .delete(
            CUSTOMER,
            erase_customer::erase_customer,
            erase_customer::ERRORS,
        )
        .get(CREDITS, get_credits::get_credits, &[])
        .get(PICTURE, pictures::get_picture, pictures::ERRORS)
        .get(HEALTHZ, health::check_health, &[])
        .get(READYZ, health::check_readiness, health::ERRORS)
        .get(OPENAPI, openapi::get_openapi, &[])
        .get(ROOT, docs::redirect_root, &[])
        .get(DOCS, docs::get_docs, &[])
        .get(DOCS_SLASH, docs::redirect_docs, &[])
        .get(DOCS_PAGE, docs::get_docs_page, docs::ERRORS)
        .get(DOCS_INDEX, docs::get_docs_index, &[])
        .get(DOCS_TEXT, docs::get_docs_text, &[])
        .get(DOCS_SEARCH, docs::get_docs_search, &[])
        .get(DOCS_ASSET, docs::get_docs_asset, docs::ERRORS);
    admin::add_to(routes)
}

/// Largest body that a route reads, in bytes.
pub(crate) fn max_body_bytes(
    settings: &ApiSettings,
    route: Option<&str>,
    is_multipart: bool,
) -> usize {
    match route {
        Some(UPLOAD) => settings.max_picture_bytes + UPLOAD_SLACK_BYTES,
        Some(WATERMARK) if is_multipart => MAX_LOGO_BYTES + UPLOAD_SLACK_BYTES,
        Some(TRY_ON | TRY_ON_SYNC | PRODUCTS) if is_multipart => settings.max_multipart_bytes,
        _ => settings.max_json_bytes,
    }
}

/// A router that remembers what was put into it.
#[derive(Default)]
struct Routes {
    router: Router<AppState>,
    listed: Vec<Route>,
}

impl Routes {
    fn get<H, T>(self, path: &'static str, handler: H, errors: &'static [Code]) -> Self
    where
        H: Handler<T, AppState>,
        T: 'static,
    {
        self.add(Method::GET, path, routing::get(handler), errors)
    }

    fn post<H, T>(self, path: &'static str, handler: H, errors: &'static [Code]) -> Self
    where
        H: Handler<T, AppState>,
        T: 'static,
    {
        self.add(Method::POST, path, routing::post(handler), errors)
    }

    fn put<H, T>(self, path: &'static str, handler: H, errors: &'static [Code]) -> Self
    where
        H: Handler<T, AppState>,
        T: 'static,
    {
        self.add(Method::PUT, path, routing::put(handler), errors)
    }

    fn patch<H, T>(self, path: &'static str, handler: H, errors: &'static [Code]) -> Self
    where
        H: Handler<T, AppState>,
        T: 'static,
    {
        self.add(Method::PATCH, path, routing::patch(handler), errors)
    }

    fn delete<H, T>(self, path: &'static str, handler: H, errors: &'static [Code]) -> Self
    where
        H: Handler<T, AppState>,
        T: 'static,
    {
        self.add(Method::DELETE, path, routing::delete(handler), errors)
    }

    fn add(
        mut self,
        method: Method,
        path: &'static str,
        handler: routing::MethodRouter<AppState>,
        errors: &'static [Code],
    ) -> Self {
        self.listed.push(Route {
            method,
            path,
            errors,
        });
        self.router = self.router.route(path, handler);
        self
    }
}
