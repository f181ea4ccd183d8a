//! Watermarks of accounts.

use drape_imaging::Logo;
use drape_testkit::{
    TestClient, TestResponse, TestServer,
    server::{FormData, jpeg, logo_png},
};
use http::Method;
use serde_json::json;

use crate::world::details;

fn path(server: &TestServer) -> String {
    format!("/admin/v1/accounts/{}/watermark", server.account.id)
}

async fn put(admin: &TestClient, path: &str, form: FormData) -> TestResponse {
    let content_type = form.content_type();
    admin
        .send_bytes(Method::PUT, path, &content_type, form.finish())
        .await
}

fn logo() -> FormData {
    FormData::new().file("logo", &logo_png(300, 90, [230, 20, 30]))
}

#[tokio::test]
async fn a_watermark_is_set_read_changed_and_removed() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let path = path(&server);
    admin
        .get(&path)
        .await
        .expect_error(404, "WATERMARK_NOT_FOUND");
    admin
        .delete(&path)
        .await
        .expect_error(404, "WATERMARK_NOT_FOUND");

    let set = put(&admin, &path, logo()).await.expect_status(200);
    let expected = json!({
        "anchor": "bottom-right", "widthShare": 0.18, "opacity": 0.85, "marginShare": 0.03,
        "logoWidth": 300, "logoHeight": 90, "updatedAt": "2026-03-01T09:00:00.000Z",
    });
    assert_eq!(set, expected);
    assert_eq!(admin.get(&path).await.expect_status(200), expected);

    server.clock.advance_days(1);
    let change = FormData::new()
        .text("anchor", "top-center")
        .text("widthShare", "0.3")
        .text("opacity", "");
    let changed = put(&admin, &path, change).await.expect_status(200);
    let expected = json!({
        "anchor": "top-center", "widthShare": 0.3, "opacity": 0.85, "marginShare": 0.03,
        "logoWidth": 300, "logoHeight": 90, "updatedAt": "2026-03-02T09:00:00.000Z",
    });
    assert_eq!(changed, expected);

    let file = admin.get(&format!("{path}/logo")).await;
    assert_eq!(file.header("content-type"), "image/png");
    assert_eq!(Logo::from_png(&file.body).unwrap().width(), 300);

    assert_eq!(admin.delete(&path).await.status, 204);
    admin
        .get(&path)
        .await
        .expect_error(404, "WATERMARK_NOT_FOUND");
    let file = admin.get(&format!("{path}/logo")).await;
    file.expect_error(404, "WATERMARK_NOT_FOUND");
}

#[tokio::test]
async fn a_bad_watermark_is_refused_and_changes_nothing() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let path = path(&server);
    let none = put(&admin, &path, FormData::new().text("anchor", "center")).await;
    none.expect_error(400, "FILE_REQUIRED");
    put(&admin, &path, logo()).await.expect_status(200);
    let before = admin.get(&path).await.expect_status(200);

    let bad = logo()
        .text("anchor", "bottom")
        .text("widthShare", "wide")
        .text("opacity", "1.5")
        .text("marginShare", "-0.1");
    let error = put(&admin, &path, bad)
        .await
        .expect_error(400, "VALIDATION_FAILED");
    let details = details(&error);
    assert!(
        details[0].starts_with("anchor: Invalid enum value."),
        "{details:?}"
    );
    assert_eq!(
        details[1..],
        [
            "widthShare: Expected number, received string",
            "opacity: Expected a number from 0.05 to 1",
            "marginShare: Expected a number from 0 to 0.25",
        ]
    );
    for (file, status, code) in [
        (jpeg(80, 80), 415, "UNSUPPORTED_IMAGE_FORMAT"),
        (b"no picture".to_vec(), 415, "UNSUPPORTED_IMAGE_FORMAT"),
        (
            logo_png(300, 90, [0; 3])[..100].to_vec(),
            400,
            "INVALID_IMAGE",
        ),
        (vec![0x89; 2_200_000], 413, "PAYLOAD_TOO_LARGE"),
        (vec![0; 3_500_000], 413, "PAYLOAD_TOO_LARGE"),
    ] {
        let mut file = file;
        if file.first() == Some(&0x89) && file.len() > 2_000_000 {
            file[..8].copy_from_slice(b"\x89PNG\r\n\x1a\n");
        }
        put(&admin, &path, FormData::new().file("logo", &file))
            .await
            .expect_error(status, code);
    }
    let json = admin
        .send_bytes(Method::PUT, &path, "application/json", "{}")
        .await;
    json.expect_error(415, "UNSUPPORTED_MEDIA_TYPE");
    let nobody = path.replace("/acc_", "/acc_f");
    put(&admin, &nobody, logo())
        .await
        .expect_error(404, "ACCOUNT_NOT_FOUND");
    assert_eq!(admin.get(&path).await.expect_status(200), before);
}
