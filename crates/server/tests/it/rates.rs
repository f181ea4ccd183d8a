//! The rate limit.

use drape_testkit::{TestServer, server::TestOptions};
use serde_json::json;

use crate::world::{CREDITS, GENERATIONS, PRODUCTS, TRY_ON, seconds};

async fn limited(rate_limit: u32, poll_limit: u32) -> TestServer {
    TestServer::start_with(TestOptions {
        rate_limit,
        poll_limit,
        ..TestOptions::default()
    })
    .await
}

#[tokio::test]
async fn the_limit_holds_to_the_edge_and_says_when_to_come_back() {
    let server = limited(3, 600).await;
    for left in (0..3).rev() {
        let answer = server.get(CREDITS).await;
        answer.expect_status(200);
        assert_eq!(answer.header("ratelimit-policy"), "\"default\";q=3;w=60");
        assert_eq!(
            answer.header("ratelimit"),
            format!("\"default\";r={left};t=60")
        );
    }
    let refused = server.get(CREDITS).await;
    refused.expect_error(429, "RATE_LIMITED");
    assert_eq!(refused.header("retry-after"), "60");
    assert_eq!(refused.header("ratelimit"), "\"default\";r=0;t=60");

    server
        .clock
        .advance(seconds(59) + std::time::Duration::from_micros(999_999));
    let refused = server.get(CREDITS).await;
    refused.expect_error(429, "RATE_LIMITED");
    assert_eq!(refused.header("retry-after"), "1");
    server.clock.advance(std::time::Duration::from_micros(1));
    for _ in 0..3 {
        server.get(CREDITS).await.expect_status(200);
    }
    server.get(CREDITS).await.expect_error(429, "RATE_LIMITED");
}

#[tokio::test]
async fn by_default_a_hundred_requests_a_minute_pass() {
    let server = TestServer::start().await;
    for _ in 0..100 {
        server.get(CREDITS).await.expect_status(200);
    }
    server.get(CREDITS).await.expect_error(429, "RATE_LIMITED");
}

#[tokio::test]
async fn polling_cannot_starve_the_rest() {
    let server = limited(2, 3).await;
    let path = format!("{GENERATIONS}/nope");
    for left in (0..3).rev() {
        let answer = server.get(&path).await;
        answer.expect_error(404, "GENERATION_NOT_FOUND");
        assert_eq!(answer.header("ratelimit-policy"), "\"poll\";q=3;w=60");
        assert_eq!(
            answer.header("ratelimit"),
            format!("\"poll\";r={left};t=60")
        );
    }
    let refused = server.get(&path).await;
    refused.expect_error(429, "RATE_LIMITED");
    assert_eq!(refused.header("ratelimit-policy"), "\"poll\";q=3;w=60");
    server.get(CREDITS).await.expect_status(200);
    // The list is not polling.
    server.get(GENERATIONS).await.expect_status(200);
    server.get(CREDITS).await.expect_error(429, "RATE_LIMITED");
}

#[tokio::test]
async fn refused_and_failed_requests_count_but_only_once_they_have_a_key() {
    let server = limited(4, 600).await;
    server
        .post(TRY_ON, &json!({}))
        .await
        .expect_error(400, "VALIDATION_FAILED");
    server.get("/nowhere").await.expect_error(404, "NOT_FOUND");
    let wrong_method = server.bare(http::Method::PUT, CREDITS).await;
    wrong_method.expect_error(405, "METHOD_NOT_ALLOWED");
    assert_eq!(wrong_method.header("ratelimit"), "\"default\";r=1;t=60");
    for _ in 0..10 {
        server
            .stranger()
            .get(CREDITS)
            .await
            .expect_error(401, "MISSING_API_KEY");
        server.get("/healthz").await.expect_status(200);
    }
    server.get(CREDITS).await.expect_status(200);
    server.get(CREDITS).await.expect_error(429, "RATE_LIMITED");
    // The rate is checked before the body is read.
    let broken = server.post_bytes(PRODUCTS, "application/json", "{").await;
    broken.expect_error(429, "RATE_LIMITED");
}

#[tokio::test]
async fn accounts_do_not_share_their_rate() {
    let server = limited(1, 600).await;
    let (_, other) = server.another_account("other", 1).await;
    server.get(CREDITS).await.expect_status(200);
    server.get(CREDITS).await.expect_error(429, "RATE_LIMITED");
    other.get(CREDITS).await.expect_status(200);
}

/// 200 requests at once on a limit of 100, from many threads, some of them late in the minute: exactly 100 pass.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_hundred_at_once_exactly_a_hundred_pass() {
    let server = limited(100, 600).await;
    let client: drape_testkit::TestClient = (*server).clone();
    let burst = async |count: usize| {
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..count {
            let client = client.clone();
            tasks.spawn(async move { client.get(CREDITS).await });
        }
        tasks.join_all().await
    };
    let passed = |answers: &[drape_testkit::TestResponse], reset_s: u32| {
        let mut left: Vec<u32> = Vec::new();
        for answer in answers {
            assert_eq!(answer.header("ratelimit-policy"), "\"default\";q=100;w=60");
            if answer.status == 200 {
                let state = answer.header("ratelimit");
                let rest = state.strip_prefix("\"default\";r=").unwrap();
                left.push(rest.split_once(';').unwrap().0.parse().unwrap());
                continue;
            }
            answer.expect_error(429, "RATE_LIMITED");
            assert_eq!(answer.header("retry-after"), reset_s.to_string());
            assert_eq!(
                answer.header("ratelimit"),
                format!("\"default\";r=0;t={reset_s}")
            );
        }
        // Each that passed got a place of its own.
        left.sort_unstable();
        left
    };
    let first = burst(200).await;
    assert_eq!(passed(&first, 60), (0..100).collect::<Vec<_>>());
    server.clock.advance(seconds(59));
    let late = burst(200).await;
    assert_eq!(passed(&late, 1), Vec::<u32>::new());
    server.clock.advance(seconds(1));
    let next = burst(200).await;
    assert_eq!(passed(&next, 60), (0..100).collect::<Vec<_>>());
}

#[tokio::test]
async fn in_parallel_no_more_than_the_limit_pass() {
    let server = limited(20, 600).await;
    let answers = futures::future::join_all((0..60).map(|_| server.get(CREDITS))).await;
    let passed = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(passed, 20);
    assert!(
        answers
            .iter()
            .all(|answer| answer.status == 200 || answer.status == 429)
    );
}
