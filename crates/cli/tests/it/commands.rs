//! Commands without a server: output, errors, exit codes.

use crate::world::{data_dir, drape, json as run_json, run, stdout};

fn stderr(output: &std::process::Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn accounts_are_made_listed_and_shown() {
    let (_dir, data) = data_dir();
    let made = run_json(
        &data,
        &[
            "account",
            "create",
            "shop",
            "--credits",
            "3",
            "--rate-limit",
            "7",
            "--json",
        ],
    );
    let key = made["apiKey"].as_str().unwrap();
    assert!(key.starts_with("gk_") && key.len() == 46, "{key}");
    let id = made["accountId"].as_str().unwrap();
    for name in ["shop", id] {
        let shown = run_json(&data, &["account", "show", name, "--json"]);
        assert_eq!(shown["creditBalance"], 3);
        assert_eq!(shown["rateLimit"], 7);
        assert_eq!(shown["accountId"], made["accountId"]);
        assert!(!shown.to_string().contains(key));
    }
    let listed = run_json(&data, &["account", "list", "--json"]);
    assert_eq!(listed.as_array().map(Vec::len), Some(1));
    assert!(stdout(&data, &["account", "list"]).contains("shop"));
}

#[test]
fn wrong_names_and_numbers_are_refused_with_a_reason() {
    let (_dir, data) = data_dir();
    stdout(&data, &["account", "create", "shop"]);
    let cases: [(&[&str], i32, &str); 9] = [
        (&["account", "create", "shop"], 3, "name"),
        (&["account", "create", ""], 3, "1 to 100"),
        (
            &["account", "create", "x", "--rate-limit", "0"],
            3,
            "rateLimit",
        ),
        (&["account", "create", "x", "--credits", "-1"], 2, "credits"),
        (&["account", "show", "nobody"], 5, "account list"),
        (&["key", "revoke", "shop", "key_1"], 5, "key list"),
        (&["credits", "grant", "shop", "-11"], 6, "only 10"),
        (&["credits", "grant", "shop", "0"], 3, "amount"),
        (&["nonsense"], 2, "nonsense"),
    ];
    for (args, code, words) in cases {
        let output = run(&data, args);
        assert_eq!(
            output.status.code(),
            Some(code),
            "{args:?}: {}",
            stderr(&output)
        );
        assert!(
            stderr(&output).contains(words),
            "{args:?}: {}",
            stderr(&output)
        );
    }
    assert_eq!(
        run_json(&data, &["credits", "show", "shop", "--json"])["creditBalance"],
        10
    );
}

#[test]
fn credits_are_granted_and_taken_back_in_the_ledger() {
    let (_dir, data) = data_dir();
    stdout(&data, &["account", "create", "shop", "--credits", "0"]);
    assert!(
        stdout(
            &data,
            &["credits", "grant", "shop", "5", "--note", "welcome"]
        )
        .contains('5')
    );
    assert!(stdout(&data, &["credits", "grant", "shop", "-2"]).contains('3'));
    let shown = run_json(&data, &["credits", "show", "shop", "--json"]);
    assert_eq!(shown["creditBalance"], 3);
    assert_eq!(shown["entries"][0]["amount"], -2);
    assert_eq!(shown["entries"][1]["note"], "welcome");
}

#[test]
fn admin_keys_are_made_listed_and_revoked() {
    let (_dir, data) = data_dir();
    let made = run_json(&data, &["admin-key", "create", "--label", "ops", "--json"]);
    let key = made["adminKey"].as_str().unwrap();
    assert!(key.starts_with("dak_") && key.len() == 47, "{key}");
    let id = made["adminKeyId"].as_str().unwrap();
    let listed = run_json(&data, &["admin-key", "list", "--json"]);
    assert_eq!(listed[0]["adminKeyId"], id);
    assert_eq!(listed[0]["label"], "ops");
    assert_eq!(listed[0]["revokedAt"], serde_json::Value::Null);
    assert!(!stdout(&data, &["admin-key", "list"]).contains(key));
    assert!(stdout(&data, &["admin-key", "revoke", id]).contains("no longer works"));
    let listed = run_json(&data, &["admin-key", "list", "--json"]);
    assert!(listed[0]["revokedAt"].is_string());
    for unknown in [id, "adk_1", "ops"] {
        let output = run(&data, &["admin-key", "revoke", unknown]);
        assert_eq!(output.status.code(), Some(5), "{}", stderr(&output));
    }
    // The text form shows the key, too, and says that it will not do so again.
    let told = stdout(&data, &["admin-key", "create"]);
    assert!(
        told.contains("dak_") && told.contains("this once"),
        "{told}"
    );
}

#[test]
fn settings_come_from_file_environment_and_flags() {
    let (dir, data) = data_dir();
    std::fs::write(
        dir.path().join("drape.toml"),
        "[worker]\nlease_s = 40\nmax_attempts = 4\n",
    )
    .unwrap();
    let shown = |args: &[&str]| {
        let mut command = drape(&data);
        command
            .env("DRAPE_WORKER__MAX_ATTEMPTS", "5")
            .args(["config", "show"])
            .args(args);
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    let text = shown(&[]);
    assert!(text.contains("lease_s = 40  # drape.toml"), "{text}");
    assert!(
        text.contains("max_attempts = 5  # environment DRAPE_WORKER__MAX_ATTEMPTS"),
        "{text}"
    );
    assert!(shown(&["--set", "worker.max_attempts=6"]).contains("max_attempts = 6  # flag"));
}

#[test]
fn an_unknown_setting_is_an_error_with_a_hint() {
    let (dir, data) = data_dir();
    let path = dir.path().join("other.toml");
    std::fs::write(&path, "[server]\nlisen = \"127.0.0.1:1\"\n").unwrap();
    let output = run(
        &data,
        &["--config", &path.to_string_lossy(), "account", "list"],
    );
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("did you mean \"server.listen\"?"),
        "{}",
        stderr(&output)
    );
    let output = run(&data, &["--set", "worker.leases=1", "doctor"]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(!data.exists());
}

#[test]
fn the_settings_page_in_the_repository_is_fresh() {
    let (_dir, data) = data_dir();
    check_generated("docs/SETTINGS.md", &stdout(&data, &["config", "reference"]));
}

#[test]
fn the_openapi_document_is_json_of_version_3_1() {
    let (_dir, data) = data_dir();
    check_generated("crates/server/openapi.json", &stdout(&data, &["openapi"]));
    let document = run_json(&data, &["openapi"]);
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    assert!(document["paths"]["/tryon/v1/try-on"]["post"].is_object());
    assert!(!data.exists(), "a printed page needs no data folder");
}

/// Compares a generated page with the one in the repository.
fn check_generated(path: &str, fresh: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path);
    let stored = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        stored == fresh,
        "{} is stale: run `just generate`",
        path.display()
    );
}

#[test]
fn doctor_says_what_is_missing() {
    let (_dir, data) = data_dir();
    let before = run(&data, &["doctor"]);
    let text = String::from_utf8_lossy(&before.stdout).into_owned();
    assert_eq!(before.status.code(), Some(1), "{text}");
    assert!(text.contains("drape migrate"), "{text}");
    assert!(stdout(&data, &["migrate"]).contains("applied"));
    assert!(stdout(&data, &["migrate"]).contains("up to date"));
    assert!(stdout(&data, &["doctor"]).contains("ok    ledger"));
}

#[test]
fn try_on_works_without_a_server() {
    let (dir, data) = data_dir();
    let path = |name: &str| dir.path().join(name).to_string_lossy().into_owned();
    std::fs::write(path("person.jpg"), drape_engines::demo::person_jpeg()).unwrap();
    std::fs::write(path("garment.jpg"), drape_engines::demo::garment_jpeg()).unwrap();
    std::fs::write(path("text.jpg"), "no picture").unwrap();
    let (person, garment, out) = (path("person.jpg"), path("garment.jpg"), path("out.jpg"));
    let args = [
        "try-on",
        "--person",
        &person,
        "--garment",
        &garment,
        "--category",
        "top",
        "-o",
        &out,
        "--json",
    ];
    let done = run_json(&data, &args);
    assert!(done["confidence"].as_f64().unwrap() >= 0.5, "{done}");
    let made = std::fs::read(&out).unwrap();
    let probe = |bytes: &[u8]| {
        drape_imaging::probe(bytes, &drape_imaging::Limits::default())
            .map(|probe| (probe.width, probe.height))
            .unwrap()
    };
    assert_eq!(probe(&made), probe(&std::fs::read(&person).unwrap()));
    assert!(!data.exists(), "the main job needs no data folder");

    let text = path("text.jpg");
    let bad: [(&[&str], i32, &str); 4] = [
        (
            &[
                "try-on",
                "--person",
                &text,
                "--garment",
                &garment,
                "-o",
                &out,
            ],
            3,
            "text.jpg",
        ),
        (
            &[
                "try-on",
                "--person",
                "/nowhere.jpg",
                "--garment",
                &garment,
                "-o",
                &out,
            ],
            1,
            "/nowhere.jpg",
        ),
        (
            &[
                "try-on",
                "--person",
                &person,
                "--garment",
                &garment,
                "-o",
                "out.gif",
            ],
            3,
            ".jpg",
        ),
        (
            &[
                "try-on",
                "--person",
                &garment,
                "--garment",
                &garment,
                "-o",
                &path("none.jpg"),
            ],
            4,
            "PERSON",
        ),
    ];
    for (args, code, words) in bad {
        let output = run(&data, args);
        assert_eq!(
            output.status.code(),
            Some(code),
            "{args:?}: {}",
            stderr(&output)
        );
        assert!(
            stderr(&output).contains(words),
            "{args:?}: {}",
            stderr(&output)
        );
    }
    assert!(
        !std::path::Path::new(&path("none.jpg")).exists(),
        "a refused picture is not written"
    );
}

#[test]
fn try_on_takes_an_outfit() {
    let (dir, data) = data_dir();
    let path = |name: &str| dir.path().join(name).to_string_lossy().into_owned();
    std::fs::write(path("person.jpg"), drape_engines::demo::person_jpeg()).unwrap();
    std::fs::write(path("tee.jpg"), drape_engines::demo::garment_jpeg()).unwrap();
    std::fs::write(path("jeans.jpg"), drape_engines::demo::trousers_jpeg()).unwrap();
    let (person, tee, jeans, out) = (
        path("person.jpg"),
        path("tee.jpg"),
        path("jeans.jpg"),
        path("out.jpg"),
    );
    let try_on = |engine: &str, garments: &[&str], categories: &[&str]| {
        let mut args = vec![
            "try-on", "--person", &person, "--engine", engine, "-o", &out,
        ];
        args.extend(garments.iter().flat_map(|garment| ["--garment", *garment]));
        args.extend(
            categories
                .iter()
                .flat_map(|category| ["--category", *category]),
        );
        run(&data, &args)
    };
    let output = try_on("preview", &[&tee, &jeans], &["top", "bottom"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let both = std::fs::read(&out).unwrap();
    // What is left out is guessed, and the order does not matter.
    assert!(
        try_on("preview", &[&jeans, &tee], &["bottom"])
            .status
            .success()
    );
    let pixels = |file: &[u8]| {
        drape_imaging::decode(file, &drape_imaging::Limits::default())
            .unwrap()
            .into_data()
    };
    assert_eq!(pixels(&both), pixels(&std::fs::read(&out).unwrap()));
    assert!(try_on("mock", &[&tee, &jeans, &tee], &[]).status.success());

    let refused = |output: &std::process::Output, code: i32, words: &str| {
        let told = stderr(output);
        assert_eq!(output.status.code(), Some(code), "{told}");
        assert!(told.contains(words), "{told}");
    };
    let three = try_on("preview", &[&tee, &jeans, &tee], &[]);
    refused(&three, 3, "at most 2 garment(s)");
    let four = try_on("mock", &[&tee, &tee, &tee, &tee], &[]);
    refused(&four, 3, "at most 3 garment(s)");
    let odd = try_on("preview", &[&tee, &jeans], &["top", "bottom", "dress"]);
    refused(&odd, 3, "3 categories for 2");
    let tops = try_on("preview", &[&tee, &jeans], &["top", "top"]);
    refused(&tops, 4, "a top and a bottom");
}

#[test]
fn webhooks_are_made_changed_and_removed() {
    let (_dir, data) = data_dir();
    stdout(&data, &["account", "create", "shop"]);
    let url = "https://hooks.example/drape";
    let made = run_json(
        &data,
        &[
            "webhook",
            "add",
            "shop",
            url,
            "--events",
            "generation.completed,credits.low",
            "--json",
        ],
    );
    let secret = made["secret"].as_str().unwrap();
    assert!(
        secret.starts_with("whsec_") && secret.len() == 50,
        "{secret}"
    );
    let id = made["webhookId"].as_str().unwrap();
    let listed = || run_json(&data, &["webhook", "list", "shop", "--json"]);
    assert_eq!(listed()[0]["webhookId"], id);
    assert_eq!(listed()[0]["events"][1], "credits.low");
    assert!(!listed().to_string().contains(secret));
    for (verb, is_active) in [("disable", false), ("enable", true)] {
        stdout(&data, &["webhook", verb, "shop", id]);
        assert_eq!(listed()[0]["isActive"], is_active);
    }
    let rotated = run_json(&data, &["webhook", "rotate", "shop", id, "--json"]);
    assert_ne!(rotated["secret"], made["secret"]);
    let told = stdout(&data, &["webhook", "test", id]);
    let message = told.split(' ').next().unwrap();
    let shown = run_json(&data, &["webhook", "show", message, "--json"]);
    assert_eq!(shown["event"], "webhook.test");
    assert_eq!(shown["state"], "pending");
    assert_eq!(shown["log"].as_array().map(Vec::len), Some(0));
    stdout(&data, &["webhook", "replay", message]);
    let log = |args: &[&str]| {
        let args = [&["webhook", "deliveries", "shop", id, "--json"], args].concat();
        run_json(&data, &args)["items"].as_array().map(Vec::len)
    };
    assert_eq!((log(&[]), log(&["--failed"])), (Some(1), Some(0)));
    stdout(&data, &["webhook", "remove", "shop", id]);
    assert_eq!(listed().as_array().map(Vec::len), Some(0));

    let cases: [(&[&str], i32, &str); 7] = [
        (
            &["webhook", "add", "shop", "http://127.0.0.1/"],
            3,
            "not allowed",
        ),
        (&["webhook", "add", "shop", "hooks.example"], 3, "url"),
        (
            &["webhook", "add", "shop", url, "--events", "x"],
            3,
            "credits.low",
        ),
        (&["webhook", "add", "nobody", url], 5, "account list"),
        (&["webhook", "remove", "shop", id], 5, "no webhook"),
        (&["webhook", "replay", message], 5, "no webhook delivery"),
        (&["webhook", "test", "whe_1"], 5, "webhook list"),
    ];
    for (args, code, words) in cases {
        let output = run(&data, args);
        let told = stderr(&output);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {told}");
        assert!(told.contains(words), "{args:?}: {told}");
    }
}

#[test]
fn an_engine_is_measured_only_with_weights_that_can_be_had() {
    let (dir, data) = data_dir();
    let broken = dir.path().join("broken.safetensors");
    std::fs::write(&broken, "no tensors in here").unwrap();
    let broken = broken.to_str().unwrap();
    let cases: [(&[&str], i32, &str); 6] = [
        (&["fashn-vton"], 5, "--random-weights"),
        (&["fashn-vton", "--weights", broken], 1, broken),
        (&["fashn-vton", "--weights", "/nowhere"], 1, "/nowhere"),
        (
            &["fashn-vton", "--random-weights", "--weights", broken],
            2,
            "cannot be used with",
        ),
        (&["fashn-vton", "--random-weights", "--steps", "0"], 2, "0"),
        (&["another", "--random-weights"], 2, "fashn-vton"),
    ];
    for (args, code, words) in cases {
        let output = run(&data, &[&["engine", "bench"], args].concat());
        let message = stderr(&output);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {message}");
        assert!(message.contains(words), "{args:?}: {message}");
    }
}
