//! `POST /images/upload`.

use axum::{
    Json,
    extract::{Request, State},
};
use drape_core::{
    Code,
    upload::{self, UploadImage},
};
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::{KEEP_FOR_DAYS, MAX_USER_ID_CHARS};
use crate::{
    api::{
        auth::Caller,
        body::fields::{Problems, not_a_word_of, not_one_of, text_problem},
        error::ApiError,
        multipart::{Form, read_form},
        pictures::Links,
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
    Code::ServerBusy,
];

/// Form of `POST /images/upload`.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the body in the API document")]
pub(crate) struct UploadImageRequest {
    /// The picture: JPEG, PNG, WebP or HEIC, at most 10 MB and 50 megapixels.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
    /// Whether to crop to 4:5 around the person.
    #[schema(default = true)]
    crop: Option<bool>,
    /// The shop's name for the customer.
    #[schema(min_length = 1, max_length = 255)]
    external_user_id: Option<String>,
    /// Days to keep the picture: 1, 3 or 7; the account's setting when left out.
    #[schema(example = 7)]
    keep_for_days: Option<u32>,
    /// Old name of `externalUserId`.
    #[deprecated]
    #[schema(min_length = 1, max_length = 255)]
    customer_id: Option<String>,
    /// Old name of `keepForDays`.
    #[deprecated]
    retention_days: Option<u32>,
}

/// An uploaded picture.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UploadImageResponse {
    /// Opaque id for `person.image.source.id`, good until the retention ends.
    #[schema(max_length = 200, example = "img_0198c0de00007000800000000000002a")]
    pub image_id: String,
    /// Signed URL of the stored picture.
    pub image_url: String,
}

/// Uploads the picture of a person.
#[utoipa::path(
    post,
    path = "/tryon/v1/images/upload",
    operation_id = "upload_image",
    tag = "images",
    request_body(content = UploadImageRequest, content_type = "multipart/form-data"),
    responses((status = 201, body = UploadImageResponse, description = "The picture was checked and stored"))
)]
pub(crate) async fn upload_image(
    State(state): State<AppState>,
    caller: Caller,
    links: Links,
    request: Request,
) -> Result<(StatusCode, Json<UploadImageResponse>), ApiError> {
    let max_bytes = router::max_body_bytes(&state.settings, Some(router::UPLOAD), true);
    let mut form = read_form(&state, request, max_bytes).await?;
    let upload = read_upload(&mut form)?;
    let image = upload::upload_image(&state.ports, &caller, upload).await?;
    let response = UploadImageResponse {
        image_id: image.id.to_string(),
        image_url: links.upload(image.id),
    };
    Ok((StatusCode::CREATED, Json(response)))
}

fn read_upload(form: &mut Form) -> Result<UploadImage, ApiError> {
    let mut problems = Problems::default();
    let file = form.take_file("file", &mut problems);
    if file.is_none() {
        problems.add_special(
            Code::FileRequired,
            "file",
            "Required",
            "Send the picture in a part named file.",
        );
    }
    let crop = read_crop(form, &mut problems);
    let external_user_id = read_user(form, &mut problems);
    let keep_for_days = read_days(form, &mut problems);
    problems.into_result()?;
    Ok(UploadImage {
        bytes: file.map(|part| part.bytes).unwrap_or_default(),
        crop: crop.unwrap_or(true),
        external_user_id,
        keep_for_days,
    })
}

fn read_crop(form: &mut Form, problems: &mut Problems) -> Option<bool> {
    let (name, text) = form.take_text(&["crop"], problems)?;
    match text.to_ascii_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => {
            problems.add(name, not_a_word_of(&["true", "false"], &text));
            None
        }
    }
}

fn read_user(form: &mut Form, problems: &mut Problems) -> Option<String> {
    let (name, text) = form.take_text(&["externalUserId", "customerId"], problems)?;
    if let Some(message) = text_problem(&text, 1..=MAX_USER_ID_CHARS) {
        problems.add(name, message);
    } else if text.chars().any(char::is_control) {
        problems.add(name, "Only printable characters are allowed");
    }
    Some(text)
}

fn read_days(form: &mut Form, problems: &mut Problems) -> Option<u32> {
    let (name, text) = form.take_text(&["keepForDays", "retentionDays"], problems)?;
    let found = KEEP_FOR_DAYS
        .into_iter()
        .find(|days| days.to_string() == text);
    if found.is_none() {
        problems.add(name, not_one_of(&KEEP_FOR_DAYS, &text));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(parts: &[(&str, &[u8])]) -> Result<UploadImage, ApiError> {
        read_upload(&mut Form::of_files(parts))
    }

    #[test]
    fn a_bare_file_gets_the_defaults() {
        let upload = read(&[("file", b"x")]).unwrap();
        assert!(upload.crop);
        assert_eq!(
            (upload.external_user_id, upload.keep_for_days),
            (None, None)
        );
    }

    #[test]
    fn old_names_count_when_the_new_ones_are_left_out() {
        let old: &[(&str, &[u8])] = &[
            ("file", b"x"),
            ("customerId", b"u1"),
            ("retentionDays", b"3"),
        ];
        let upload = read(old).unwrap();
        assert_eq!(upload.external_user_id.as_deref(), Some("u1"));
        assert_eq!(upload.keep_for_days, Some(3));
        let both: &[(&str, &[u8])] = &[
            ("file", b"x"),
            ("customerId", b"old"),
            ("externalUserId", b"new"),
            ("retentionDays", b"99"),
            ("keepForDays", b"1"),
            ("crop", b"False"),
        ];
        let upload = read(both).unwrap();
        assert_eq!(upload.external_user_id.as_deref(), Some("new"));
        assert_eq!(upload.keep_for_days, Some(1));
        assert!(!upload.crop);
        let empty: &[(&str, &[u8])] = &[
            ("file", b"x"),
            ("externalUserId", b""),
            ("customerId", b"old"),
            ("crop", b""),
        ];
        let upload = read(empty).unwrap();
        assert_eq!(upload.external_user_id.as_deref(), Some("old"));
        assert!(upload.crop);
    }

    #[test]
    fn the_file_is_asked_for_by_its_own_code() {
        assert_eq!(read(&[]).unwrap_err().error().code(), Code::FileRequired);
        let mut form = Form::of_files(&[("file", b"")]);
        // A named file without content is a broken picture, not a missing one.
        assert!(read_upload(&mut form).is_ok());
    }

    #[test]
    fn every_problem_is_named() {
        let long = "x".repeat(256);
        let parts: &[(&str, &[u8])] = &[
            ("crop", b"maybe"),
            ("keepForDays", b"5"),
            ("customerId", long.as_bytes()),
        ];
        let error = read(parts).unwrap_err();
        let details: Vec<_> = error
            .error()
            .details()
            .iter()
            .map(|detail| format!("{}: {}", detail.path, detail.message))
            .collect();
        assert_eq!(
            details,
            [
                "file: Required",
                "crop: Invalid enum value. Expected 'true' | 'false', received 'maybe'",
                "customerId: String must contain at most 255 character(s)",
                "keepForDays: Invalid enum value. Expected 1 | 3 | 7, received 5",
            ]
        );
        for days in ["07", "7.0", "+7", "-1", "7 ", "seven"] {
            assert!(
                read(&[("file", b"x"), ("keepForDays", days.as_bytes())]).is_err(),
                "{days}"
            );
        }
        assert!(read(&[("file", b"x"), ("externalUserId", b"\xff")]).is_err());
        assert!(read(&[("file", b"x"), ("externalUserId", b"a\nb")]).is_err());
        assert!(read(&[("file", b"x"), ("file", b"y")]).is_err());
    }
}
