//! What results say of themselves.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use drape_core::{
    Error, Result,
    image::BlobKey,
    ports::{NoProvenance, Provenance, ProvenanceFacts},
};
use drape_imaging::{Limits, decode};
use drape_provenance::{Verdict, verify};
use drape_testkit::{
    TestServer,
    scripted_engine::{Act, ScriptedEngine},
    server::{FormData, TestOptions, jpeg, result_signer},
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::world::{
    SHIRT_URL, TRY_ON, UPLOAD, accepted, balance, generation, one_shot, path_of, shop, shop_with,
    shop_with_engine, text,
};

async fn changed_shop(change: impl FnOnce(&mut TestOptions)) -> TestServer {
    let mut options = TestOptions::default();
    change(&mut options);
    shop_with(options).await
}

/// Uploads a person and returns its id and the stored file.
async fn person(server: &TestServer) -> (String, Bytes) {
    let form = FormData::new().file("file", &jpeg(80, 100));
    let answer = server.post_form(UPLOAD, form).await.expect_status(201);
    let file = server.stranger().get(&path_of(&answer["imageUrl"])).await;
    (text(&answer["imageId"]), file.body)
}

/// Runs a try-on to its end and returns the generation.
async fn tried_on(server: &TestServer, body: &Value) -> Value {
    let id = accepted(server, body).await;
    server.run_jobs().await;
    generation(server, &id).await
}

/// Downloads a result as anybody with the link can.
async fn download(server: &TestServer, generation: &Value) -> Bytes {
    let path = path_of(&generation["resultImageUrl"]);
    let picture = server.stranger().get(&path).await;
    assert_eq!(picture.status, 200);
    picture.body
}

fn hex_sha256(bytes: &[u8]) -> String {
    let digits = |byte: &u8| [byte >> 4, byte & 15].map(|digit| char::from_digit(digit.into(), 16));
    Sha256::digest(bytes)
        .iter()
        .flat_map(digits)
        .flatten()
        .collect()
}

fn pixels(file: &[u8]) -> Vec<u8> {
    decode(file, &Limits::default()).unwrap().into_data()
}

#[tokio::test]
async fn a_downloaded_result_says_what_made_it_of_what() {
    let server = shop().await;
    let (image, stored) = person(&server).await;
    let done = tried_on(&server, &one_shot(&image)).await;
    assert_eq!(done["status"], "COMPLETED", "{done}");
    let file = download(&server, &done).await;
    let report = verify(&file, None).unwrap();
    assert_eq!(report.verdict, Verdict::Valid, "{report:#?}");
    assert_eq!(report.generator.as_deref(), Some("drape 0.0.0-test"));
    let id = text(&done["generationId"]);
    assert_eq!(report.title.as_deref(), Some(format!("{id}.jpg").as_str()));
    let made = &report.actions[1];
    assert_eq!(made.action, "c2pa.edited");
    assert_eq!(made.software_agent.as_deref(), Some("scripted 1.2.3"));
    assert_eq!(made.when.as_deref(), Some("2026-03-01T09:00:00Z"));
    let term = made.digital_source_type.as_deref().unwrap();
    assert!(term.ends_with("/composite"), "{term}");
    let [person, product] = report.ingredients.as_slice() else {
        panic!("{report:#?}")
    };
    assert_eq!(person.relationship, "parentOf");
    assert_eq!(person.sha256, Some(hex_sha256(&stored)));
    assert_eq!(product.relationship, "inputTo");
    assert_ne!(product.sha256, person.sha256);

    let trusted = result_signer();
    let fingerprint = report.signer.unwrap().fingerprint;
    assert_eq!(
        fingerprint.as_ref(),
        Some(&trusted.certificate().fingerprint)
    );

    // What the database knows of the file is true of the signed one.
    let row = server
        .ports
        .generations
        .find(id.parse().unwrap())
        .await
        .unwrap()
        .unwrap();
    let result = row.result.unwrap();
    assert_eq!(result.size_bytes, file.len() as u64);
    assert_eq!(result.sha256[..], Sha256::digest(&file)[..]);
}

#[tokio::test]
async fn a_changed_download_is_found_out() {
    let server = shop().await;
    let (image, _) = person(&server).await;
    let done = tried_on(&server, &one_shot(&image)).await;
    let mut file = download(&server, &done).await.to_vec();
    let place = file.len() - 40;
    file[place] ^= 4;
    let report = verify(&file, None).unwrap();
    assert_eq!(report.verdict, Verdict::Invalid);
    assert!(
        report
            .findings
            .iter()
            .any(|one| one.code == "assertion.dataHash.mismatch")
    );
}

#[tokio::test]
async fn the_mock_engine_changes_no_pixel_and_says_so() {
    let server = shop().await;
    let (image, stored) = person(&server).await;
    let body = json!({
        "product": { "title": "mock", "images": [{ "url": SHIRT_URL }] },
        "customer": { "id": image },
    });
    let done = tried_on(&server, &body).await;
    let file = download(&server, &done).await;
    assert_eq!(pixels(&file), pixels(&stored));
    let report = verify(&file, None).unwrap();
    assert_eq!(report.verdict, Verdict::Valid, "{report:#?}");
    assert_eq!(report.actions.len(), 1);
    assert_eq!(report.actions[0].action, "c2pa.opened");
    assert_eq!(report.ingredients.len(), 1);
    assert!(!String::from_utf8_lossy(&file).contains("digitalsourcetype"));
}

#[tokio::test]
async fn a_result_may_become_the_person_of_another_try_on() {
    let server = shop().await;
    let (image, _) = person(&server).await;
    let first = tried_on(&server, &one_shot(&image)).await;
    let body = json!({
        "product": { "images": [{ "url": SHIRT_URL }] },
        "customer": { "url": text(&first["resultImageUrl"]) },
    });
    let second = tried_on(&server, &body).await;
    assert_eq!(second["status"], "COMPLETED", "{second}");
    let report = verify(&download(&server, &second).await, None).unwrap();
    assert_eq!(report.verdict, Verdict::Valid, "{report:#?}");
    // Persons are stored without any metadata, so nothing of the first statement is in the second.
    assert_eq!(report.ingredients.len(), 2);
}

#[tokio::test]
async fn an_engine_that_answers_with_no_picture_fails() {
    for act in [Act::AnswerWithGarbage, Act::AnswerWithHalfAJpeg] {
        let engine = Arc::new(ScriptedEngine::new("scripted", vec![act]));
        let server = shop_with_engine(engine).await;
        let (image, _) = person(&server).await;
        let done = tried_on(&server, &one_shot(&image)).await;
        assert_eq!(done["errorCode"], "ENGINE_FAILED", "{done}");
        assert_eq!(balance(&server).await, 10);
        assert!(results(&server).await.is_empty());
    }
}

#[tokio::test]
async fn an_engine_that_does_better_the_second_time_is_forgiven() {
    let acts = vec![Act::AnswerWithHalfAJpeg, Act::Succeed];
    let engine = Arc::new(ScriptedEngine::new("scripted", acts));
    let server = shop_with_engine(engine).await;
    let (image, _) = person(&server).await;
    let done = tried_on(&server, &one_shot(&image)).await;
    assert_eq!(done["status"], "COMPLETED", "{done}");
}

/// Has lost its key.
struct BrokenProvenance;

#[async_trait]
impl Provenance for BrokenProvenance {
    async fn sign(&self, _: Bytes, _: ProvenanceFacts) -> Result<Bytes> {
        Err(Error::internal("the key is gone"))
    }
}

#[tokio::test]
async fn no_result_leaves_unsigned_when_signing_fails() {
    let server = changed_shop(|options| {
        options.change_ports = Box::new(|ports| ports.provenance = Arc::new(BrokenProvenance));
    })
    .await;
    let (image, _) = person(&server).await;
    let done = tried_on(&server, &one_shot(&image)).await;
    assert_eq!(done["status"], "FAILED", "{done}");
    assert_eq!(done["errorCode"], "INTERNAL_ERROR", "{done}");
    assert!(!done.to_string().contains("key is gone"));
    assert_eq!(balance(&server).await, 10);
    assert!(results(&server).await.is_empty());
}

#[tokio::test]
async fn results_are_left_alone_when_switched_off() {
    let server = changed_shop(|options| {
        options.change_ports = Box::new(|ports| ports.provenance = Arc::new(NoProvenance));
    })
    .await;
    let (image, stored) = person(&server).await;
    let answer = server
        .post(TRY_ON, &one_shot(&image))
        .await
        .expect_status(202);
    server.run_jobs().await;
    let done = generation(&server, &text(&answer["generationId"])).await;
    let file = download(&server, &done).await;
    assert_eq!(file, stored);
    assert_eq!(verify(&file, None).unwrap().verdict, Verdict::Missing);
}

/// Keys of the stored results.
async fn results(server: &TestServer) -> Vec<BlobKey> {
    let keys = server.ports.blobs.list(None, 100).await.unwrap();
    keys.into_iter()
        .filter(|key| key.as_str().contains("/result/"))
        .collect()
}
