//! `GET /generations`.

use axum::{Json, extract::State};
use drape_core::{Code, generation::Status, oversight::GenerationFilter, time::Timestamp};
use utoipa::IntoParams;

use super::generation::FoundItem;
use crate::{
    api::{
        body::fields::{Problems, not_a_word_of},
        error::ApiError,
        page::{PageParams, PageResponse, read_page},
        query::Query,
    },
    state::AppState,
};

/// Codes of this operation.
pub(crate) const ERRORS: &[Code] = &[Code::ValidationFailed];

/// Longest name of an engine that is searched for, in characters.
const MAX_ENGINE_CHARS: usize = 100;
/// What a moment looks like, for messages.
const MOMENT: &str = "a moment such as 2026-03-01T09:00:00Z, or a day such as 2026-03-01";

/// Which generations to look for; all that is given must fit.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the query in the API document")]
pub(crate) struct SearchParams {
    /// Of this account.
    account_id: Option<String>,
    /// Of this customer, whom the account calls so; needs `accountId`.
    #[param(min_length = 1, max_length = 255)]
    external_user_id: Option<String>,
    /// `PENDING`, `PROCESSING`, `COMPLETED` or `FAILED`.
    #[param(example = "FAILED")]
    status: Option<String>,
    /// By this engine.
    #[param(min_length = 1, max_length = 100)]
    engine: Option<String>,
    /// Failed with this code.
    #[param(example = "NO_PERSON_FOUND")]
    error_code: Option<String>,
    /// With this product.
    #[param(min_length = 1, max_length = 255)]
    product_external_id: Option<String>,
    /// Asked for at this moment or later: ISO 8601 with `Z` or an offset, or a day (UTC).
    #[param(example = "2026-03-01")]
    from: Option<String>,
    /// Asked for before this moment.
    #[param(example = "2026-03-02T12:00:00Z")]
    to: Option<String>,
}

/// Searches the generations of all accounts, newest first.
///
/// A search pauses after a few thousand generations: a page may hold fewer items than asked for, even none, while
/// `hasMore` is true. Follow `nextCursor` until it is null.
#[utoipa::path(
    get,
    path = "/admin/v1/generations",
    operation_id = "search_generations",
    tag = "admin",
    params(SearchParams, PageParams),
    responses((status = 200, body = PageResponse<FoundItem>, description = "One page"))
)]
pub(crate) async fn search_generations(
    State(state): State<AppState>,
    query: Query,
) -> Result<Json<PageResponse<FoundItem>>, ApiError> {
    let mut problems = Problems::default();
    let filter = read_filter(&query, &mut problems);
    let asked = read_page(&query, &mut problems);
    problems.into_result()?;
    let page = state.ports.oversight.generations(&filter, asked).await?;
    Ok(Json(PageResponse::of(page, FoundItem::from)))
}

fn read_filter(query: &Query, problems: &mut Problems) -> GenerationFilter {
    let account = query.read(
        "accountId",
        |text| text.parse().ok(),
        "the id of an account",
        problems,
    );
    // What is wrong with a customer's name is told without repeating it.
    let customer = query.get("externalUserId").and_then(|text| {
        if query.get("accountId").is_none() {
            problems.add("accountId", "Required with externalUserId");
        }
        match text.parse() {
            Ok(customer) => Some(customer),
            Err(message) => {
                problems.add("externalUserId", message);
                None
            }
        }
    });
    let status = query.get("status").and_then(|text| {
        let status = Status::from_wire(text);
        if status.is_none() {
            let names = ["PENDING", "PROCESSING", "COMPLETED", "FAILED"];
            problems.add("status", not_a_word_of(&names, text));
        }
        status
    });
    let product = query
        .get("productExternalId")
        .and_then(|text| match text.parse() {
            Ok(product) => Some(product),
            Err(message) => {
                problems.add("productExternalId", message);
                None
            }
        });
    GenerationFilter {
        account,
        customer,
        status,
        engine: query.text("engine", MAX_ENGINE_CHARS, problems),
        error_code: query.read("errorCode", Code::from_wire, "a known error code", problems),
        product,
        from: query.read("from", Timestamp::parse, MOMENT, problems),
        to: query.read("to", Timestamp::parse, MOMENT, problems),
    }
}
