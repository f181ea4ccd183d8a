//! `GET /accounts`.

use axum::{Json, extract::State};
use drape_core::{Code, oversight::AccountFilter};
use utoipa::IntoParams;

use super::account::AccountResponse;
use crate::{
    api::{
        body::fields::Problems,
        error::ApiError,
        page::{PageParams, PageResponse, read_page},
        query::Query,
    },
    state::AppState,
};

/// Codes of this operation.
pub(crate) const ERRORS: &[Code] = &[Code::ValidationFailed];

/// Longest part of a name that is searched for, in characters.
const MAX_NAME_CHARS: usize = drape_core::admin::MAX_NAME_CHARS;

/// Which accounts to list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the query in the API document")]
pub(crate) struct AccountParams {
    /// Part of the name; letters A to Z match in either case.
    #[param(min_length = 1, max_length = 100)]
    name: Option<String>,
    /// Only active accounts, or only those that are switched off.
    is_active: Option<bool>,
}

/// Lists accounts with their credits, newest first.
#[utoipa::path(
    get,
    path = "/admin/v1/accounts",
    operation_id = "list_accounts",
    tag = "admin",
    params(AccountParams, PageParams),
    responses((status = 200, body = PageResponse<AccountResponse>, description = "One page"))
)]
pub(crate) async fn list_accounts(
    State(state): State<AppState>,
    query: Query,
) -> Result<Json<PageResponse<AccountResponse>>, ApiError> {
    let mut problems = Problems::default();
    let filter = AccountFilter {
        name_part: query.text("name", MAX_NAME_CHARS, &mut problems),
        is_active: query.flag("isActive", &mut problems),
    };
    let asked = read_page(&query, &mut problems);
    problems.into_result()?;
    let page = state.ports.oversight.accounts(&filter, asked).await?;
    Ok(Json(PageResponse::of(page, |item| {
        AccountResponse::new(item.account, item.balance)
    })))
}
