//! `drape openapi`

/// Prints the document as it is served.
pub(crate) fn run() {
    print!("{}", drape_server::api::openapi::openapi_json());
}
