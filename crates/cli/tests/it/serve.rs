//! `drape serve`: first run, signals, beside other commands.

use std::process::Command;

use serde_json::json;

use crate::world::{Client, Server, data_dir, key_in, run, stdout};

#[tokio::test]
async fn the_two_printed_lines_make_a_picture() {
    let (dir, data) = data_dir();
    let server = Server::start(&data, &[]);
    let lines: Vec<&String> = server
        .greeting
        .iter()
        .filter(|line| line.contains("curl -s"))
        .collect();
    assert_eq!(lines.len(), 2, "{:?}", server.greeting);
    if Command::new("curl").arg("--version").output().is_err() {
        println!("skipped: curl is not installed");
        return;
    }
    let mut answers = Vec::new();
    for line in lines {
        let done = Command::new("sh")
            .arg("-c")
            .arg(line)
            .current_dir(dir.path())
            .output()
            .unwrap();
        answers.push(String::from_utf8_lossy(&done.stdout).into_owned());
    }
    assert!(answers[0].contains("\"imageId\":\"img_"), "{answers:?}");
    let done: serde_json::Value = serde_json::from_str(&answers[1]).unwrap();
    assert_eq!(done["status"], "COMPLETED", "{answers:?}");
    let link = done["resultImageUrl"].as_str().unwrap();
    let fetched = Command::new("curl").args(["-s", link]).output().unwrap();
    let picture = fetched.stdout;
    let person = std::fs::read(data.join("demo/person.jpg")).unwrap();
    let probe = |bytes: &[u8]| {
        drape_imaging::probe(bytes, &drape_imaging::Limits::default())
            .map(|probe| (probe.width, probe.height))
            .unwrap()
    };
    assert!(probe(&picture).0 > 100);
    assert_ne!(picture, person);
}

#[tokio::test]
async fn the_key_is_shown_once_and_the_account_has_ten_credits() {
    let (_dir, data) = data_dir();
    let server = Server::start(&data, &[]);
    let key = key_in(&server.greeting);
    let client = Client::new(&server, &key);
    assert_eq!(
        client.get("/account/credits").await.unwrap(),
        (200, json!({ "creditBalance": 10 }))
    );
    assert_eq!(server.terminate(), Some(0));

    let again = Server::start(&data, &[]);
    assert!(
        !again.greeting.iter().any(|line| line.contains("gk_")),
        "{:?}",
        again.greeting
    );
    let client = Client::new(&again, &key);
    assert_eq!(client.get("/account/credits").await.unwrap().0, 200);
}

#[tokio::test]
async fn commands_work_beside_a_running_server() {
    let (_dir, data) = data_dir();
    let server = Server::start(&data, &[]);
    let made = crate::world::json(
        &data,
        &["account", "create", "shop", "--credits", "1", "--json"],
    );
    let key = made["apiKey"].as_str().unwrap();
    let client = Client::new(&server, key);
    assert_eq!(
        client.get("/account/credits").await.unwrap().1["creditBalance"],
        1
    );
    stdout(&data, &["credits", "grant", "shop", "5", "--note", "gift"]);
    assert_eq!(
        client.get("/account/credits").await.unwrap().1["creditBalance"],
        6
    );
    stdout(&data, &["account", "disable", "shop"]);
    let (status, body) = client.get("/account/credits").await.unwrap();
    assert_eq!(
        (status, body["code"].as_str()),
        (401, Some("INVALID_API_KEY"))
    );
    stdout(&data, &["account", "enable", "shop"]);
    assert_eq!(client.get("/account/credits").await.unwrap().0, 200);
    let keys = crate::world::json(&data, &["key", "list", "shop", "--json"]);
    stdout(
        &data,
        &["key", "revoke", "shop", keys[0]["keyId"].as_str().unwrap()],
    );
    assert_eq!(client.get("/account/credits").await.unwrap().0, 401);
    let doctor = run(&data, &["doctor"]);
    assert!(
        doctor.status.success(),
        "{}",
        String::from_utf8_lossy(&doctor.stdout)
    );
}

#[tokio::test]
async fn sigterm_lets_the_running_job_end() {
    let (_dir, data) = data_dir();
    let server = Server::start(&data, &[]);
    let key = key_in(&server.greeting);
    let client = Client::new(&server, &key);
    let generation = crate::kill_nine::preview_try_on(&client, &data)
        .await
        .unwrap();
    assert_eq!(server.terminate(), Some(0));

    let again = Server::start(&data, &[]);
    let client = Client::new(&again, &key);
    let ended = client.wait_for(&generation).await;
    assert_eq!(ended["status"], "COMPLETED", "{ended}");
    assert_eq!(
        client.get("/account/credits").await.unwrap().1["creditBalance"],
        9
    );
}

#[tokio::test]
async fn the_clock_can_be_shifted_past_a_lifetime() {
    let (_dir, data) = data_dir();
    let server = Server::start(&data, &[]);
    let key = key_in(&server.greeting);
    let client = Client::new(&server, &key);
    let product = json!({ "externalId": "tee", "title": "mock", "images": [{ "url": "https://shop.example/tee.jpg" }] });
    let image = crate::kill_nine::upload(&client, &data).await.unwrap();
    let (status, body) = client
        .post(
            "/try-on",
            &json!({ "product": product, "customer": { "id": image } }),
        )
        .await
        .unwrap();
    assert_eq!(status, 202, "{body}");
    assert_eq!(client.get("/products/tee").await.unwrap().0, 200);
    drop(server);

    let later = Server::start(&data, &["--set", "clock.offset=16d"]);
    let client = Client::new(&later, &key);
    let (status, body) = client.get("/products/tee").await.unwrap();
    assert_eq!(
        (status, body["code"].as_str()),
        (404, Some("PRODUCT_NOT_FOUND"))
    );
}

#[test]
fn a_taken_port_is_a_clear_error() {
    let (_dir, data) = data_dir();
    let server = Server::start(&data, &[]);
    let second = run(&data, &["serve", "--listen", &server.address.to_string()]);
    assert_eq!(second.status.code(), Some(1));
    let told = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(told.contains("cannot listen on"), "{told}");
}

#[tokio::test]
async fn metrics_have_a_port_of_their_own() {
    let (_dir, data) = data_dir();
    let server = Server::start(&data, &["--set", "metrics.listen=127.0.0.1:0"]);
    let key = key_in(&server.greeting);
    let client = Client::new(&server, &key);
    assert_eq!(client.get("/account/credits").await.unwrap().0, 200);
    let line = server
        .greeting
        .iter()
        .find_map(|line| line.split_once("metrics on "))
        .unwrap();
    let text = client.get_text(line.1.trim()).await;
    let counted = "drape_http_requests_total{method=\"GET\",route=\"/tryon/v1/account/credits\",status=\"200\"} 1";
    assert!(text.contains(counted), "{text}");
    assert!(!text.contains("gk_") && !text.contains("acc_"), "{text}");
    assert_eq!(client.get("/metrics").await.unwrap().0, 404);
    assert_eq!(server.terminate(), Some(0));
}

/// Everything that an inline product and the pictures of a try-on leave is gone for callers 16 days later, and from the
/// disk after the first sweep.
#[tokio::test]
async fn sixteen_days_later_nothing_is_left() {
    let (_dir, data) = data_dir();
    let server = Server::start(&data, &[]);
    let key = key_in(&server.greeting);
    let client = Client::new(&server, &key);
    let image = crate::kill_nine::upload(&client, &data).await.unwrap();
    let product = json!({ "externalId": "tee", "title": "mock", "images": [{ "url": "https://shop.example/tee.jpg" }] });
    let body = json!({ "product": product, "customer": { "id": image } });
    let (status, made) = client.post("/try-on", &body).await.unwrap();
    assert_eq!(status, 202, "{made}");
    let id = made["generationId"].as_str().unwrap();
    let ended = client.wait_for(id).await;
    assert!(ended["resultImageUrl"].is_string(), "{ended}");
    assert_eq!(server.terminate(), Some(0));

    let set = [
        "--set",
        "clock.offset=16d",
        "--set",
        "retention.sweep_interval_s=1",
    ];
    let later = Server::start(&data, &set);
    let client = Client::new(&later, &key);
    let (status, refused) = client.post("/try-on", &body).await.unwrap();
    assert_eq!(
        (status, refused["code"].as_str()),
        (404, Some("IMAGE_NOT_FOUND"))
    );
    let (_, read) = client.get(&format!("/generations/{id}")).await.unwrap();
    assert_eq!(read["status"], "COMPLETED");
    assert_eq!(read["resultImageUrl"], serde_json::Value::Null);
    assert_eq!(read["resultExpired"], true);
    assert_eq!(
        client.get("/account/credits").await.unwrap().1["creditBalance"],
        9
    );
    let pictures = data.join("pictures");
    let started = std::time::Instant::now();
    while !crate::erase::files(&pictures).is_empty() {
        assert!(
            started.elapsed() < crate::world::PATIENCE,
            "the sweep does not come by"
        );
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}
