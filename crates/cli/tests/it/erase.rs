//! Erasing a customer, and comparing files with rows.

use std::path::{Path, PathBuf};

use serde_json::json;

use crate::world::{Client, Server, data_dir, key_in, run, stdout};

/// Looks an hour later, when no file is too young to be judged.
fn doctor(data: &Path) -> (bool, String) {
    let output = run(data, &["doctor", "--orphans", "--set", "clock.offset=1h"]);
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    (output.status.success(), told)
}

/// Every picture file below a folder.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|kind| kind == "jpg") {
            found.push(path);
        }
    }
    found
}

#[tokio::test]
async fn an_erased_customer_leaves_no_file_and_no_orphan() {
    let (_dir, data) = data_dir();
    let server = Server::start(&data, &[]);
    let client = Client::new(&server, &key_in(&server.greeting));
    for customer in ["alice", "bob"] {
        let image = crate::kill_nine::upload(&client, &data).await.unwrap();
        let product = json!({ "externalId": "tee", "title": "mock", "images": [{ "url": "https://shop.example/tee.jpg" }] });
        let body =
            json!({ "product": product, "customer": { "id": image }, "externalUserId": customer });
        let (status, made) = client.post("/try-on", &body).await.unwrap();
        assert_eq!(status, 202, "{made}");
        let generation = made["generationId"].as_str().unwrap();
        assert_eq!(client.wait_for(generation).await["status"], "COMPLETED");
    }
    let pictures = data.join("pictures");
    assert_eq!(files(&pictures).len(), 4);
    let (is_fine, told) = doctor(&data);
    assert!(
        is_fine && told.contains("none among 4 files and 4 rows"),
        "{told}"
    );

    let account = "default";
    let refused = run(&data, &["customer", "erase", account, "alice"]);
    assert_eq!(refused.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("--yes"));
    assert_eq!(files(&pictures).len(), 4);
    let done = run(&data, &["customer", "erase", account, "alice", "--yes"]);
    assert!(done.status.success());
    let told = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(told.contains("1 pictures, 1 results, 2 files"), "{told}");
    assert!(String::from_utf8_lossy(&done.stderr).contains("memory"));
    let left = files(&pictures);
    assert_eq!(left.len(), 2);
    let (is_fine, told) = doctor(&data);
    assert!(
        is_fine && told.contains("none among 2 files and 2 rows"),
        "{told}"
    );
    let again = stdout(
        &data,
        &["customer", "erase", account, "alice", "--yes", "--json"],
    );
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&again).unwrap(),
        json!({ "pictures": 0, "results": 0, "cancelled": 0, "generations": 0, "files": 0 })
    );
    let missing = run(&data, &["customer", "erase", "nobody", "alice", "--yes"]);
    assert_eq!(missing.status.code(), Some(5));
    let unfit = run(&data, &["customer", "erase", account, "", "--yes"]);
    assert_eq!(unfit.status.code(), Some(3));

    // One file loses its row, one row its file.
    let moved = left[0].with_file_name("01920000000070008000000000000001.jpg");
    std::fs::rename(&left[0], &moved).unwrap();
    let (is_fine, told) = doctor(&data);
    assert!(!is_fine, "{told}");
    let name = |path: &Path| {
        path.strip_prefix(&pictures)
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned()
    };
    assert!(
        told.contains(&format!("file without a row  {}", name(&moved))),
        "{told}"
    );
    assert!(
        told.contains(&format!("row without a file  {}", name(&left[0]))),
        "{told}"
    );
    assert!(
        told.contains("1 of 2 files have no row, 1 of 2 rows have no file"),
        "{told}"
    );
    let plain = run(&data, &["doctor"]);
    assert!(plain.status.success());
}
