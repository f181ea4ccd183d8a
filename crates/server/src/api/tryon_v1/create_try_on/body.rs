//! All spellings of the body, 1.0 to 1.4, folded into the one command.

use drape_core::{
    Code, Error,
    catalog::ProductInput,
    engine::Engines,
    ids::ImageId,
    outfit::MAX_ITEMS,
    product::ProductOrigin,
    try_on::{CreateTryOn, PersonInput},
};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::api::{
    body::fields::{Field, Object, Problems, not_a_word_of},
    error::ApiError,
    multipart::Form,
    tryon_v1::{
        KEEP_FOR_DAYS, MAX_USER_ID_CHARS,
        product_body::{ProductImageInput, need_images, read_draft, read_external_id, read_file},
    },
};

/// Fields that, beside `externalId`, make a product inline.
const INLINE_FIELDS: [&str; 6] = [
    "title",
    "description",
    "images",
    "imageUrls",
    "metadata",
    "validForDays",
];
/// Page that tells callers of the alpha what to send now.
const ALPHA_PAGE: &str = "/docs/migrating-from-alpha";

/// Body of `POST /try-on`. The older spellings `product`, `customer`, `customerId`, `useWatermark` and
/// `retentionDays` stay accepted; where both are given, the newer one counts.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the body in the API document")]
pub(crate) struct CreateTryOnRequest {
    /// The product to try on; or the two or three of an outfit, each of another category, which cost a credit each.
    #[schema(min_items = 1, max_items = 3)]
    products: Option<Vec<TryOnProduct>>,
    /// The product to try on, as `products` spells it since 1.4.
    product: Option<TryOnProduct>,
    /// The person to dress.
    person: Option<Person>,
    /// The person to dress, as `person` spells it since 1.4.
    customer: Option<PersonSource>,
    /// The shop's name for the customer, printable.
    #[schema(min_length = 1, max_length = 255)]
    external_user_id: Option<String>,
    /// How the result is made and kept.
    output: Option<Output>,
    /// Engine to use; the account's or the server's when left out.
    #[schema(example = "preview")]
    engine: Option<String>,
    /// Old name of `externalUserId`.
    #[deprecated]
    customer_id: Option<String>,
    /// Old name of `output.watermark`.
    #[deprecated]
    use_watermark: Option<bool>,
    /// Old name of `output.keepForDays`.
    #[deprecated]
    retention_days: Option<u32>,
}

/// Form of `POST /try-on`: the JSON, and files in parts named by the `fileKey`s.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body in the API document")]
pub(crate) struct CreateTryOnForm {
    /// The JSON body, in a text part or an `application/json` part.
    data: CreateTryOnRequest,
}

/// A product: with `externalId` alone a known one; with `externalId` and more it is created or updated; without
/// `externalId` it is made for this try-on.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the body in the API document")]
pub(crate) struct TryOnProduct {
    /// The shop's own name of the product, printable; the prefix `_anon_` is reserved.
    #[schema(min_length = 1, max_length = 255, example = "shirt-42")]
    external_id: Option<String>,
    /// Title.
    #[schema(max_length = 500, example = "Linen shirt")]
    title: Option<String>,
    /// Description.
    #[schema(max_length = 5000)]
    description: Option<String>,
    /// Pictures; needed for a new product.
    #[schema(min_items = 1, max_items = 8)]
    images: Option<Vec<ProductImageInput>>,
    /// Another spelling of `images`, for addresses alone.
    #[schema(min_items = 1, max_items = 8)]
    image_urls: Option<Vec<String>>,
    /// Open object of the shop, at most 16 KB.
    #[schema(value_type = Option<Object>)]
    metadata: Option<Map<String, Value>>,
}

/// The person to dress.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the body in the API document")]
pub(crate) struct Person {
    /// Picture of the person.
    image: PersonImage,
}

/// Picture of the person.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the body in the API document")]
pub(crate) struct PersonImage {
    /// Where it comes from.
    source: PersonSource,
}

/// Where the picture of the person comes from: exactly one of the three.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the body in the API document")]
pub(crate) struct PersonSource {
    /// An `imageId` from `POST /images/upload`.
    #[schema(max_length = 200, example = "img_0198c0de00007000800000000000002a")]
    id: Option<String>,
    /// Address of the picture; it is fetched while the request waits and cropped to 4:5.
    #[schema(max_length = 2048)]
    url: Option<String>,
    /// Name of a part of this multipart request; the picture is cropped to 4:5.
    #[schema(max_length = 255)]
    file_key: Option<String>,
}

/// How the result is made and kept.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the body in the API document")]
pub(crate) struct Output {
    /// Whether the account's logo goes onto the result.
    #[schema(default = true)]
    watermark: Option<bool>,
    /// Days to keep the pictures of this try-on: 1, 3 or 7; the account's setting when left out.
    #[schema(example = 7)]
    keep_for_days: Option<u32>,
    /// Whether a visible label marks the result as generated; the account's setting when left out.
    ai_label: Option<bool>,
}

/// The person of a body; an id that cannot exist is told apart, so that it is "not found" rather than malformed.
enum PersonRef {
    Known(PersonInput),
    NoSuchUpload,
}

/// Folds a body into the command.
///
/// Errors: `VALIDATION_FAILED` with every problem, or the code of a problem that has its own when the body is
/// otherwise well-shaped; `IMAGE_NOT_FOUND` for an image id that this server cannot have given out.
pub(crate) fn fold(json: &Value, files: &Form, engines: &Engines) -> Result<CreateTryOn, ApiError> {
    let mut problems = Problems::default();
    let Some(body) = Object::root(json, &mut problems) else {
        return Err(unfinished(problems));
    };
    refuse_alpha(&body)?;
    let products = read_products(&body, files, &mut problems);
    let person = read_person(&body, files, &mut problems);
    let external_user_id = body
        .first_of(&["externalUserId", "customerId"])
        .and_then(|field| field.printable(1..=MAX_USER_ID_CHARS, &mut problems))
        .map(str::to_owned);
    let output = body
        .field("output")
        .and_then(|field| field.object(&mut problems));
    let in_output = |key: &str| output.as_ref().and_then(|output| output.field(key));
    let watermark = in_output("watermark")
        .or_else(|| body.field("useWatermark"))
        .and_then(|field| field.flag(&mut problems));
    let keep_for_days = in_output("keepForDays")
        .or_else(|| body.field("retentionDays"))
        .and_then(|field| field.one_of(&KEEP_FOR_DAYS, &mut problems));
    let ai_label = in_output("aiLabel").and_then(|field| field.flag(&mut problems));
    let engine = body
        .field("engine")
        .and_then(|field| read_engine(&field, engines, &mut problems));

    let (Some(products), Some(person)) = (products, person) else {
        return Err(unfinished(problems));
    };
    problems.into_result()?;
    let PersonRef::Known(person) = person else {
        return Err(ApiError::new(
            Code::ImageNotFound,
            "There is no such image, or it has expired.",
        ));
    };
    Ok(CreateTryOn {
        products,
        person,
        external_user_id,
        keep_for_days,
        watermark: watermark.unwrap_or(true),
        ai_label,
        engine,
        ticket: None,
    })
}

/// Error for a body that could not be read to its end; what was missing has been noted.
fn unfinished(problems: Problems) -> ApiError {
    match problems.into_result() {
        Err(error) => error.into(),
        Ok(()) => Error::internal("a part of a body is missing, and nobody noted it").into(),
    }
}

/// Sends callers of the alpha to the page that helps them.
fn refuse_alpha(body: &Object<'_>) -> Result<(), ApiError> {
    let is_newer = ["products", "product", "person", "customer"]
        .iter()
        .any(|key| body.field(key).is_some());
    match body.first_of(&["productId", "customerImageId"]) {
        Some(field) if !is_newer => Err(Error::invalid_field(
            field.path,
            format!("This is a body of the alpha; {ALPHA_PAGE} says what to send now"),
        )
        .into()),
        _ => Ok(()),
    }
}

/// Reads every product, so that all problems are noted; none when one of them cannot be read.
fn read_products(
    body: &Object<'_>,
    files: &Form,
    problems: &mut Problems,
) -> Option<Vec<ProductInput>> {
    let fields = match (body.field("products"), body.field("product")) {
        (Some(products), _) => entries(products, problems)?,
        (None, Some(product)) => vec![product],
        (None, None) => {
            problems.add("product", "Required");
            return None;
        }
    };
    let products: Vec<_> = fields
        .into_iter()
        .map(|field| read_product(field, files, problems))
        .collect();
    products.into_iter().collect()
}

fn read_product(field: Field<'_>, files: &Form, problems: &mut Problems) -> Option<ProductInput> {
    let product = field.object(problems)?;
    let id = product.field("externalId");
    let is_inline = INLINE_FIELDS.iter().any(|key| product.field(key).is_some());
    // None: not given. None inside: given, but unusable.
    let external_id = id.map(|field| read_external_id(&field, !is_inline, problems));
    match external_id {
        Some(external_id) if !is_inline => external_id.map(ProductInput::Reference),
        Some(external_id) => {
            let origin = ProductOrigin::Inline;
            let draft = read_draft(&product, external_id, origin, false, files, problems);
            Some(ProductInput::Define(draft))
        }
        None => {
            if product.first_of(&["images", "imageUrls"]).is_none() {
                need_images(&product.path_of("images"), problems);
            }
            let origin = ProductOrigin::OneShot;
            let draft = read_draft(&product, None, origin, false, files, problems);
            Some(ProductInput::Define(draft))
        }
    }
}

/// The products of the list: one, or those of an outfit.
fn entries<'v>(products: Field<'v>, problems: &mut Problems) -> Option<Vec<Field<'v>>> {
    let path = products.path.clone();
    let entries = products.list(problems)?;
    if entries.is_empty() {
        problems.add(path, "Array must contain at least 1 element(s)");
        return None;
    }
    if entries.len() > MAX_ITEMS {
        problems.add(
            path,
            format!("Array must contain at most {MAX_ITEMS} element(s)"),
        );
        return None;
    }
    Some(entries)
}

fn read_person(body: &Object<'_>, files: &Form, problems: &mut Problems) -> Option<PersonRef> {
    let source = match (body.field("person"), body.field("customer")) {
        (Some(person), _) => {
            let person = person.object(problems)?;
            let image = needed(&person, "image", problems)?.object(problems)?;
            needed(&image, "source", problems)?.object(problems)?
        }
        (None, Some(customer)) => {
            let customer = customer.object(problems)?;
            match customer.field("source") {
                Some(source) => source.object(problems)?,
                None => customer,
            }
        }
        (None, None) => {
            need_person("customer", problems);
            return None;
        }
    };
    let given: Vec<_> = ["id", "url", "fileKey"]
        .iter()
        .filter_map(|key| source.field(key).map(|field| (*key, field)))
        .collect();
    match given.as_slice() {
        [] => {
            need_person(source.path(), problems);
            None
        }
        [("id", id)] => read_image_id(id, problems),
        [("url", url)] => {
            let url = url.url(problems)?.to_owned();
            Some(PersonRef::Known(PersonInput::Url(url)))
        }
        [(_, key)] => {
            let bytes = read_file(key, files, problems)?;
            Some(PersonRef::Known(PersonInput::Bytes(bytes)))
        }
        _ => {
            problems.add(source.path(), "Expected exactly one of id | url | fileKey");
            None
        }
    }
}

fn needed<'v>(object: &Object<'v>, key: &str, problems: &mut Problems) -> Option<Field<'v>> {
    let field = object.field(key);
    if field.is_none() {
        need_person(&object.path_of(key), problems);
    }
    field
}

fn need_person(path: &str, problems: &mut Problems) {
    problems.add_special(
        Code::CustomerImageRequired,
        path,
        "Required",
        "A try-on needs a picture of the person: give its id, url or fileKey in person.image.source.",
    );
}

fn read_image_id(field: &Field<'_>, problems: &mut Problems) -> Option<PersonRef> {
    let text = field.text(1..=usize::MAX, problems)?;
    Some(match text.parse::<ImageId>() {
        Ok(id) => PersonRef::Known(PersonInput::Upload(id)),
        Err(_) => PersonRef::NoSuchUpload,
    })
}

fn read_engine(field: &Field<'_>, engines: &Engines, problems: &mut Problems) -> Option<String> {
    let name = field.any_text(problems)?;
    if !engines.is_offered(name) {
        problems.add(field.path.as_str(), not_a_word_of(&engines.names(), name));
        return None;
    }
    Some(name.to_owned())
}

#[cfg(test)]
mod tests;
