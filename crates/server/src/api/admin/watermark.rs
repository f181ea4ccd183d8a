//! Watermarks as the admin API shows them.

use drape_core::{Code, account::Account, time::Timestamp, watermark::Watermark};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{api::error::ApiError, state::AppState};

/// The logo of an account and how it is put onto results.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WatermarkResponse {
    /// Where the logo goes unless a face is there: `top-left`, `top-center`, `top-right`, `center-left`, `center`,
    /// `center-right`, `bottom-left`, `bottom-center` or `bottom-right`.
    #[schema(example = "bottom-right")]
    pub anchor: &'static str,
    /// Width of the logo as a share of the picture's width.
    #[schema(example = 0.18)]
    pub width_share: f64,
    /// How much of the picture the logo covers.
    #[schema(example = 0.85)]
    pub opacity: f64,
    /// Distance from the edges as a share of the picture's short side.
    #[schema(example = 0.03)]
    pub margin_share: f64,
    /// Width of the stored logo in pixels, without transparent borders; it is never enlarged.
    #[schema(example = 600)]
    pub logo_width: u32,
    /// Height of the stored logo in pixels.
    #[schema(example = 180)]
    pub logo_height: u32,
    /// When it was last set.
    #[schema(value_type = String, format = DateTime, example = "2026-03-01T09:00:00.000Z")]
    pub updated_at: Timestamp,
}

impl From<Watermark> for WatermarkResponse {
    fn from(watermark: Watermark) -> Self {
        let style = watermark.style;
        Self {
            anchor: style.anchor().as_str(),
            width_share: style.width_share(),
            opacity: style.opacity(),
            margin_share: style.margin_share(),
            logo_width: watermark.logo.width,
            logo_height: watermark.logo.height,
            updated_at: watermark.updated_at,
        }
    }
}

/// Finds the watermark of an account. Error: `WATERMARK_NOT_FOUND`.
pub(crate) async fn watermark_of(
    state: &AppState,
    account: &Account,
) -> Result<Watermark, ApiError> {
    let found = state.ports.watermarks.find(account.id).await?;
    found.ok_or_else(no_watermark)
}

/// The account has no logo.
pub(crate) fn no_watermark() -> ApiError {
    ApiError::new(Code::WatermarkNotFound, "The account has no watermark.")
}
