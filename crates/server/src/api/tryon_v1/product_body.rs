//! Products and their pictures as request bodies describe them, in every spelling.

use bytes::Bytes;
use drape_core::{
    Code,
    catalog::{ImageDraft, ImageInput, ProductDraft},
    product::{
        ExternalId, MAX_DESCRIPTION_CHARS, MAX_METADATA_BYTES, MAX_PRODUCT_IMAGES, MAX_TITLE_CHARS,
        ONE_SHOT_PREFIX, Patch, ProductOrigin,
    },
};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::api::{
    body::fields::{Field, Object, Problems},
    multipart::{Form, Named},
};

/// Longest `fileKey` in characters.
const MAX_FILE_KEY_CHARS: usize = 255;

/// A picture of a product.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the body in the API document")]
pub(crate) struct ProductImageInput {
    /// Where the picture comes from. `url` and `fileKey` may also stand beside `classifications`.
    pub source: PictureSource,
    /// What the picture shows; a value given here wins over what the server finds.
    #[schema(value_type = Option<Object>, example = json!({ "category": "top", "photo": "flat-lay" }))]
    pub classifications: Option<Map<String, Value>>,
}

/// Where a picture comes from: exactly one of the two.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the body in the API document")]
pub(crate) struct PictureSource {
    /// Address of the picture, `http` or `https`, at most 2,048 characters.
    #[schema(example = "https://shop.example/shirt.jpg", max_length = 2048)]
    pub url: Option<String>,
    /// Name of a part of this multipart request.
    #[schema(max_length = 255)]
    pub file_key: Option<String>,
}

/// Reads what a description of a product can change; the id is the caller's business.
///
/// `null` clears a text or the metadata where `null_clears`, elsewhere it counts as left out.
pub(super) fn read_draft(
    product: &Object<'_>,
    external_id: Option<ExternalId>,
    origin: ProductOrigin,
    null_clears: bool,
    files: &Form,
    problems: &mut Problems,
) -> ProductDraft {
    let patch_of = |key: &str| match product.field_or_null(key) {
        Some(field) if field.value.is_null() && !null_clears => None,
        other => other,
    };
    let mut text = |key: &str, max_chars: usize| {
        read_patch(patch_of(key), |field| {
            field.text(0..=max_chars, problems).map(str::to_owned)
        })
    };
    let title = text("title", MAX_TITLE_CHARS);
    let description = text("description", MAX_DESCRIPTION_CHARS);
    let metadata = read_patch(patch_of("metadata"), |field| {
        field.open_object(MAX_METADATA_BYTES, problems)
    });
    ProductDraft {
        external_id,
        origin,
        title,
        description,
        metadata,
        valid_for_days: Patch::Keep,
        images: read_images(product, files, problems),
    }
}

/// Reads a field of a partial update; a field that does not fit was noted and counts as left out.
pub(super) fn read_patch<T>(
    field: Option<Field<'_>>,
    read: impl FnOnce(Field<'_>) -> Option<T>,
) -> Patch<T> {
    match field {
        None => Patch::Keep,
        Some(field) if field.value.is_null() => Patch::Clear,
        Some(field) => read(field).map_or(Patch::Keep, Patch::Set),
    }
}

/// Reads an `externalId`; only references may name a product that the server named.
pub(super) fn read_external_id(
    field: &Field<'_>,
    is_reference: bool,
    problems: &mut Problems,
) -> Option<ExternalId> {
    match field.any_text(problems)?.parse::<ExternalId>() {
        Ok(id) if id.is_one_shot() && !is_reference => {
            problems.add(
                field.path.as_str(),
                format!("The prefix \"{ONE_SHOT_PREFIX}\" is reserved"),
            );
            None
        }
        Ok(id) => Some(id),
        Err(message) => {
            problems.add(field.path.as_str(), message);
            None
        }
    }
}

/// Reads `images` (since 1.0), or else `imageUrls`; none when neither was given.
fn read_images(
    product: &Object<'_>,
    files: &Form,
    problems: &mut Problems,
) -> Option<Vec<ImageDraft>> {
    let field = product.first_of(&["images", "imageUrls"])?;
    let are_urls = product.field("images").is_none();
    let path = field.path.clone();
    let entries = field.list(problems)?;
    if entries.is_empty() {
        need_images(path.as_str(), problems);
    }
    if entries.len() > MAX_PRODUCT_IMAGES {
        problems.add(
            path,
            format!("Array must contain at most {MAX_PRODUCT_IMAGES} element(s)"),
        );
        return None;
    }
    let mut images = Vec::with_capacity(entries.len());
    for entry in entries {
        let image = if are_urls {
            entry.url(problems).map(|url| ImageDraft {
                input: ImageInput::Url(url.to_owned()),
                classifications: Map::new(),
            })
        } else {
            read_image(entry, files, problems)
        };
        images.extend(image);
    }
    Some(images)
}

/// Notes that a product would be without pictures.
pub(super) fn need_images(path: &str, problems: &mut Problems) {
    problems.add_special(
        Code::ProductImagesRequired,
        path,
        "Required",
        format!("A new product needs at least one picture in {path}."),
    );
}

fn read_image(entry: Field<'_>, files: &Form, problems: &mut Problems) -> Option<ImageDraft> {
    let image = entry.object(problems)?;
    let classifications = match image.field("classifications") {
        Some(field) => field.open_object(MAX_METADATA_BYTES, problems),
        None => Some(Map::new()),
    };
    let source = match image.field("source") {
        Some(field) => field.object(problems)?,
        None => image,
    };
    let input = match (source.field("url"), source.field("fileKey")) {
        (Some(url), None) => ImageInput::Url(url.url(problems)?.to_owned()),
        (None, Some(key)) => {
            let bytes = read_file(&key, files, problems)?;
            ImageInput::Bytes(key.any_text(problems)?.to_owned(), bytes)
        }
        (Some(_), Some(_)) => {
            problems.add(source.path(), "Expected exactly one of url | fileKey");
            return None;
        }
        (None, None) => {
            problems.add_special(
                Code::InvalidImageInput,
                source.path(),
                "Expected url or fileKey",
                format!("{} has neither url nor fileKey.", source.path()),
            );
            return None;
        }
    };
    Some(ImageDraft {
        input,
        classifications: classifications?,
    })
}

/// Finds the file that a `fileKey` names.
pub(super) fn read_file(key: &Field<'_>, files: &Form, problems: &mut Problems) -> Option<Bytes> {
    let name = key.text(1..=MAX_FILE_KEY_CHARS, problems)?;
    match files.file(name) {
        Named::One(bytes) => Some(bytes.clone()),
        Named::Several => {
            problems.add(
                key.path.as_str(),
                "Names a part that is given more than once",
            );
            None
        }
        Named::Missing => {
            problems.add_special(
                Code::MultipartFileNotFound,
                key.path.as_str(),
                "Names no part of the request",
                format!("{}: the request has no part named \"{name}\".", key.path),
            );
            None
        }
    }
}
