//! `GET /usage`.

use std::ops::RangeInclusive;

use axum::{Json, extract::State};
use drape_core::{
    Code,
    ids::AccountId,
    oversight::UsageDay,
    time::{day_name, parse_day},
};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::{
    api::{body::fields::Problems, error::ApiError, query::Query},
    state::AppState,
};

/// Codes of this operation.
pub(crate) const ERRORS: &[Code] = &[Code::ValidationFailed, Code::AccountNotFound];

/// Most days that one request reads.
const MAX_DAYS: i64 = 366;
/// Days up to today when the request does not say.
const DEFAULT_DAYS: i64 = 30;

/// Which days to count.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the query in the API document")]
pub(crate) struct UsageParams {
    /// Of this account; of all together when left out.
    account_id: Option<String>,
    /// First day, in UTC; 30 days up to `to` when left out.
    #[param(example = "2026-03-01")]
    from: Option<String>,
    /// Last day, in UTC; today when left out. At most 366 days in all.
    #[param(example = "2026-03-31")]
    to: Option<String>,
}

/// What happened, day by day.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UsageResponse {
    /// The account; null for all together.
    pub account_id: Option<String>,
    /// One entry for each day, first to last, also for days on which nothing happened.
    pub items: Vec<UsageItem>,
}

/// What happened on one day, in UTC. Each generation counts on the day on which it was asked for, and on the one on
/// which it ended.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UsageItem {
    /// The day.
    #[schema(format = Date, example = "2026-03-01")]
    pub date: String,
    /// Generations that were asked for.
    #[schema(example = 120)]
    pub created: u64,
    /// Generations that completed.
    #[schema(example = 114)]
    pub completed: u64,
    /// Generations that failed or were cancelled.
    #[schema(example = 5)]
    pub failed: u64,
    /// Credits that were spent for good.
    #[schema(example = 114)]
    pub credits_captured: u64,
    /// Milliseconds that a completed generation took on average; null when there was none.
    #[schema(example = 1830)]
    pub mean_ms: Option<u64>,
}

impl From<UsageDay> for UsageItem {
    fn from(day: UsageDay) -> Self {
        Self {
            date: day_name(day.day),
            created: day.created,
            completed: day.completed,
            failed: day.failed,
            credits_captured: day.credits_captured,
            mean_ms: day.completed_ms.checked_div(day.completed),
        }
    }
}

/// Counts generations and credits by day.
#[utoipa::path(
    get,
    path = "/admin/v1/usage",
    operation_id = "get_usage",
    tag = "admin",
    params(UsageParams),
    responses((status = 200, body = UsageResponse, description = "All days"))
)]
pub(crate) async fn get_usage(
    State(state): State<AppState>,
    query: Query,
) -> Result<Json<UsageResponse>, ApiError> {
    let (account, days) = read_query(&query, state.ports.clock.now().day())?;
    if let Some(id) = account
        && state.ports.accounts.find(id).await?.is_none()
    {
        let message = "There is no such account.";
        return Err(ApiError::new(Code::AccountNotFound, message));
    }
    let counted = state.ports.oversight.usage(account, days.clone()).await?;
    let mut counted = counted.into_iter().peekable();
    let items = days.map(|day| {
        let known = counted.next_if(|known| known.day == day);
        let quiet = UsageDay {
            day,
            ..UsageDay::default()
        };
        known.unwrap_or(quiet).into()
    });
    Ok(Json(UsageResponse {
        account_id: account.map(|id| id.to_string()),
        items: items.collect(),
    }))
}

fn read_query(
    query: &Query,
    today: i64,
) -> Result<(Option<AccountId>, RangeInclusive<i64>), ApiError> {
    const DAY: &str = "a day such as 2026-03-01";
    let mut problems = Problems::default();
    let account = query.read(
        "accountId",
        |text| text.parse().ok(),
        "the id of an account",
        &mut problems,
    );
    let to = query.read("to", parse_day, DAY, &mut problems);
    let to = to.unwrap_or(today);
    let from = query.read("from", parse_day, DAY, &mut problems);
    let from = from.unwrap_or(to - (DEFAULT_DAYS - 1));
    if from > to {
        problems.add("from", "Expected a day that is not after to");
    } else if to - from >= MAX_DAYS {
        problems.add("from", format!("Expected at most {MAX_DAYS} days up to to"));
    }
    problems.into_result()?;
    Ok((account, from..=to))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(query: &str) -> Result<RangeInclusive<i64>, Vec<String>> {
        match read_query(&Query::parse(query), 100) {
            Ok((_, days)) => Ok(days),
            Err(error) => {
                let details = error.error().details().iter();
                Err(details.map(|detail| detail.path.clone()).collect())
            }
        }
    }

    #[test]
    fn the_days_are_bounded() {
        assert_eq!(days(""), Ok(71..=100));
        assert_eq!(days("from=1970-04-11"), Ok(100..=100));
        assert_eq!(days("to=1970-01-31"), Ok(1..=30));
        assert_eq!(days("from=1970-01-01&to=1971-01-01"), Ok(0..=365));
        assert_eq!(
            days("from=1970-01-01&to=1971-01-02"),
            Err(vec!["from".to_owned()])
        );
        assert_eq!(days("from=1970-04-12"), Err(vec!["from".to_owned()]));
        assert_eq!(
            days("from=x&to=1970-1-1&accountId=shop"),
            Err(vec!["accountId".into(), "to".into(), "from".into()])
        );
    }
}
