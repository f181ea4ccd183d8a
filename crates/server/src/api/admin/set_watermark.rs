//! `PUT /accounts/{accountId}/watermark`.

use axum::{
    Json,
    extract::{Request, State},
};
use bytes::Bytes;
use drape_core::{
    Code,
    watermark::{self, Anchor, WatermarkChange, WatermarkStyle},
};
use utoipa::ToSchema;

use super::{account::account_in_path, watermark::WatermarkResponse};
use crate::{
    api::{
        body::fields::{Problems, not_a_word_of},
        error::ApiError,
        multipart::{Form, read_form},
        path::PathIds,
    },
    router,
    state::AppState,
};

/// Codes of this operation.
pub(crate) const ERRORS: &[Code] = &[
    Code::ValidationFailed,
    Code::FileRequired,
    Code::InvalidImage,
    Code::UnsupportedImageFormat,
    Code::UnsupportedMediaType,
    Code::PayloadTooLarge,
    Code::AccountNotFound,
    Code::ServerBusy,
];

/// Form of `PUT /accounts/{accountId}/watermark`. What is left out stays as it is; at first the defaults hold.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the body in the API document")]
pub(crate) struct SetWatermarkRequest {
    /// The logo: PNG or WebP, best with a transparent background, at most 2 MiB and 4,096 pixels a side. Needed the
    /// first time.
    #[schema(value_type = Option<String>, format = Binary)]
    logo: Option<Vec<u8>>,
    /// Where the logo goes unless a face is there; then it goes to the nearest free place.
    #[schema(default = "bottom-right")]
    anchor: Option<String>,
    /// Width as a share of the picture's width.
    #[schema(minimum = 0.02, maximum = 1, default = 0.18)]
    width_share: Option<f64>,
    /// How much of the picture the logo covers.
    #[schema(minimum = 0.05, maximum = 1, default = 0.85)]
    opacity: Option<f64>,
    /// Distance from the edges as a share of the picture's short side.
    #[schema(minimum = 0, maximum = 0.25, default = 0.03)]
    margin_share: Option<f64>,
}

/// Sets the account's logo, or changes how it is put onto results.
#[utoipa::path(
    put,
    path = "/admin/v1/accounts/{accountId}/watermark",
    operation_id = "set_watermark",
    tag = "admin",
    params(("accountId" = String, Path, description = "Id of the account")),
    request_body(content = SetWatermarkRequest, content_type = "multipart/form-data"),
    responses((status = 200, body = WatermarkResponse, description = "The watermark as it is now"))
)]
pub(crate) async fn set_watermark(
    State(state): State<AppState>,
    ids: PathIds,
    request: Request,
) -> Result<Json<WatermarkResponse>, ApiError> {
    let max_bytes = router::max_body_bytes(&state.settings, Some(router::WATERMARK), true);
    let mut form = read_form(&state, request, max_bytes).await?;
    let (logo, change) = read_watermark(&mut form)?;
    let account = account_in_path(&state, &ids).await?;
    let watermark = watermark::set_watermark(
        state.ports.watermarks.as_ref(),
        state.ports.pictures.as_ref(),
        account.id,
        logo,
        change,
        state.ports.clock.now(),
    )
    .await?;
    Ok(Json(watermark.into()))
}

fn read_watermark(form: &mut Form) -> Result<(Option<Bytes>, WatermarkChange), ApiError> {
    let mut problems = Problems::default();
    let logo = form.take_file("logo", &mut problems);
    let change = WatermarkChange {
        anchor: read_anchor(form, &mut problems),
        width_share: read_number(form, "widthShare", &mut problems),
        opacity: read_number(form, "opacity", &mut problems),
        margin_share: read_number(form, "marginShare", &mut problems),
    };
    if let Err(error) = WatermarkStyle::default().changed(change) {
        problems.add_missing(error.details().to_vec());
    }
    problems.into_result()?;
    Ok((logo.map(|part| part.bytes), change))
}

fn read_anchor(form: &mut Form, problems: &mut Problems) -> Option<Anchor> {
    let (name, text) = form.take_text(&["anchor"], problems)?;
    let anchor = Anchor::from_wire(&text);
    if anchor.is_none() {
        let names = Anchor::ALL.map(Anchor::as_str);
        problems.add(name, not_a_word_of(&names, &text));
    }
    anchor
}

fn read_number(form: &mut Form, name: &'static str, problems: &mut Problems) -> Option<f64> {
    let (name, text) = form.take_text(&[name], problems)?;
    let number = text.parse::<f64>().ok();
    if number.is_none() {
        problems.add(name, "Expected number, received string");
    }
    number
}
