//! Model files: found, copied from a folder, verified and removed. Downloads are tested with the binary, in the crate `drape`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use drape_engines::models::{
    FileState, MissingModel, Model, Registry, State, install,
    lock::ModelLock,
    pull::{self, LicenceError, PullError, PullEvent, Source},
    remove::{RemoveError, remove},
    verify::{Verdict, verify_file},
};

/// SHA-256 of `abc` (FIPS 180-4) and of nothing but one line end.
const REGISTRY: &str = r#"
[[model]]
name = "tiny"
purpose = "a test"
repository = "someone/tiny"
revision = "main"
licence = { spdx = "MIT", url = "https://example.com/mit", commercial_use = true }
[[model.file]]
name = "a.bin"
bytes = 3
sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
[[model.file]]
name = "b.bin"
bytes = 1
sha256 = "01ba4719c80b6fe911b091a7c05124b64eeece964e09c058ef8f9805daca546b"

[[model]]
name = "study"
purpose = "research"
repository = "someone/study"
revision = "main"
licence = { spdx = "CC-BY-NC-4.0", url = "https://example.com/nc", commercial_use = false }
[[model.file]]
name = "a.bin"
bytes = 3
sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
"#;

/// A data folder, and a folder that files are brought in.
struct World {
    _dir: tempfile::TempDir,
    data: PathBuf,
    brought: PathBuf,
    registry: Registry,
}

impl World {
    /// The folder that is brought has both files, as they should be.
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (data, brought) = (dir.path().join("data"), dir.path().join("brought"));
        fs::create_dir_all(brought.join("tiny")).unwrap();
        // One beside, one below: both are looked at.
        fs::write(brought.join("a.bin"), "abc").unwrap();
        fs::write(brought.join("tiny/b.bin"), "\n").unwrap();
        Self {
            _dir: dir,
            data,
            brought,
            registry: Registry::parse(REGISTRY).unwrap(),
        }
    }

    fn tiny(&self) -> &Model {
        self.registry.find("tiny").unwrap()
    }

    fn folder(&self) -> PathBuf {
        install::folder(&self.data, self.tiny())
    }

    async fn pull(&self) -> Result<Vec<String>, PullError> {
        let mut events = Vec::new();
        let mut observe = |event: PullEvent<'_>| match event {
            PullEvent::File(file) => events.push(file.name.clone()),
            PullEvent::Present => events.push("present".to_owned()),
            PullEvent::Damaged => events.push("damaged".to_owned()),
            PullEvent::Installed => events.push("installed".to_owned()),
            PullEvent::Transfer(_) => {}
        };
        let source = Source::Folder(&self.brought);
        let installed = pull::pull(&self.data, self.tiny(), source, &mut observe).await?;
        assert_eq!(installed.files().count(), 2);
        Ok(events)
    }

    fn names_in_folder(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.folder()) else {
            return Vec::new();
        };
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

#[tokio::test]
async fn a_model_is_missing_then_installed_then_gone() {
    let world = World::new();
    let missing = world.registry.installed(&world.data, "tiny").unwrap_err();
    assert!(
        matches!(missing, MissingModel::NotInstalled { .. }),
        "{missing:?}"
    );
    assert_eq!(
        missing.to_string(),
        "the model `tiny` is not installed; `drape models pull tiny` gets it"
    );
    assert!(!world.data.exists(), "looking makes nothing");
    assert_eq!(pull::missing_bytes(&world.data, world.tiny()), 4);

    let events = world.pull().await.unwrap();
    assert_eq!(events, ["a.bin", "installed", "b.bin", "installed"]);
    let model = world.registry.installed(&world.data, "tiny").unwrap();
    assert_eq!(model.name(), "tiny");
    assert_eq!(fs::read(model.file("a.bin").unwrap()).unwrap(), b"abc");
    assert_eq!(model.file("c.bin"), None);
    assert_eq!(world.names_in_folder(), ["a.bin", "b.bin"]);
    assert_eq!(pull::missing_bytes(&world.data, world.tiny()), 0);

    let again = world.pull().await.unwrap();
    assert_eq!(again, ["a.bin", "present", "b.bin", "present"]);

    let removal = remove(&world.data, world.tiny()).unwrap();
    let sizes: Vec<_> = removal.files.iter().map(|(_, size)| *size).collect();
    assert_eq!((sizes, removal.keeps_folder), (vec![3, 1], false));
    assert!(!world.folder().exists());
    let nothing = remove(&world.data, world.tiny()).unwrap_err();
    assert!(matches!(nothing, RemoveError::NotInstalled(_)), "{nothing}");
}

#[test]
fn an_unknown_model_is_named_with_those_that_are_known() {
    let world = World::new();
    let error = world.registry.installed(&world.data, "huge").unwrap_err();
    assert_eq!(
        error.to_string(),
        "there is no model `huge`; known are tiny, study"
    );
    let built_in = drape_engines::models::installed(&world.data, "fashn-vton-1.5").unwrap_err();
    assert!(
        built_in
            .to_string()
            .contains("`drape models pull fashn-vton-1.5`"),
        "{built_in}"
    );
}

#[tokio::test]
async fn what_is_wrong_with_each_file_is_told() {
    let world = World::new();
    world.pull().await.unwrap();
    fs::write(world.folder().join("a.bin"), "abcd").unwrap();
    fs::remove_file(world.folder().join("b.bin")).unwrap();
    let error = world.registry.installed(&world.data, "tiny").unwrap_err();
    assert_eq!(
        error.to_string(),
        "the model `tiny` is incomplete: a.bin has 4 bytes instead of 3, b.bin is missing; \
         `drape models pull tiny` completes it"
    );
    assert_eq!(world.tiny().state(&world.data), State::Partly);
    fs::remove_file(world.folder().join("a.bin")).unwrap();
    fs::create_dir(world.folder().join("a.bin")).unwrap();
    let error = world.registry.installed(&world.data, "tiny").unwrap_err();
    assert!(
        error.to_string().contains("a.bin cannot be read"),
        "{error}"
    );
    fs::remove_dir(world.folder().join("a.bin")).unwrap();
    fs::write(world.folder().join("a.bin.part"), "ab").unwrap();
    let states = world.tiny().file_states(&world.data);
    assert_eq!(states[0].1, FileState::Absent { part_bytes: 2 });
    assert_eq!(world.tiny().state(&world.data), State::Partly);
    assert_eq!(pull::missing_bytes(&world.data, world.tiny()), 2);
}

#[tokio::test]
async fn damage_that_size_does_not_show_is_found_and_repaired() {
    let world = World::new();
    world.pull().await.unwrap();
    fs::write(world.folder().join("a.bin"), "abd").unwrap();
    world.registry.installed(&world.data, "tiny").unwrap();
    let [a, b] = [0, 1].map(|index| &world.tiny().files[index]);
    match verify_file(&world.data, world.tiny(), a).await {
        Verdict::WrongHash { expected, actual } => {
            assert_eq!(expected, a.sha256);
            assert_ne!(actual, expected);
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(
        verify_file(&world.data, world.tiny(), b).await,
        Verdict::Whole
    );
    let events = world.pull().await.unwrap();
    assert_eq!(
        events,
        ["a.bin", "damaged", "installed", "b.bin", "present"]
    );
    assert_eq!(
        verify_file(&world.data, world.tiny(), a).await,
        Verdict::Whole
    );
    fs::remove_file(world.folder().join("a.bin")).unwrap();
    let gone = verify_file(&world.data, world.tiny(), a).await;
    assert_eq!(gone, Verdict::Unfit(FileState::Absent { part_bytes: 0 }));
}

#[tokio::test]
async fn nothing_is_installed_of_a_wrong_copy() {
    let world = World::new();
    for (content, expected) in [
        (
            Some("abd"),
            "arrived with the wrong content and was thrown away",
        ),
        (Some("abcd"), "has 4 bytes instead of 3"),
        (None, "a.bin is neither in"),
    ] {
        let path = world.brought.join("a.bin");
        match content {
            Some(content) => fs::write(path, content).unwrap(),
            None => fs::remove_file(path).unwrap(),
        }
        let error = world.pull().await.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        assert!(
            world.names_in_folder().is_empty(),
            "{:?}",
            world.names_in_folder()
        );
        assert!(!world.folder().exists());
    }
}

#[tokio::test]
async fn a_second_pull_or_a_removal_at_the_same_time_is_refused() {
    let world = World::new();
    world.pull().await.unwrap();
    let lock = ModelLock::take(&world.data, world.tiny()).unwrap();
    let error = world.pull().await.unwrap_err();
    assert!(matches!(error, PullError::Lock(_)), "{error}");
    assert!(error.to_string().contains("by another process"), "{error}");
    let error = remove(&world.data, world.tiny()).unwrap_err();
    assert!(matches!(error, RemoveError::Lock(_)), "{error}");
    ModelLock::take(&world.data, world.registry.find("study").unwrap()).unwrap();
    drop(lock);
    world.pull().await.unwrap();
}

#[tokio::test]
async fn a_removal_takes_parts_along_and_leaves_foreign_files() {
    let world = World::new();
    fs::create_dir_all(world.folder()).unwrap();
    for name in ["a.bin.part", "a.bin.part.etag", "notes.txt"] {
        fs::write(world.folder().join(name), "ab").unwrap();
    }
    let removal = remove(&world.data, world.tiny()).unwrap();
    assert_eq!(removal.files.len(), 2);
    assert!(removal.keeps_folder);
    assert_eq!(world.names_in_folder(), ["notes.txt"]);
    assert!(remove(&world.data, world.tiny()).is_err());
}

#[test]
fn licences_that_forbid_business_must_be_accepted_by_name() {
    let world = World::new();
    let (tiny, study) = (world.tiny(), world.registry.find("study").unwrap());
    let check = |models: &[&Model], accepted: &[&str]| {
        let accepted: Vec<_> = accepted.iter().map(|&licence| licence.to_owned()).collect();
        pull::check_licences(models, &accepted)
    };
    check(&[tiny], &[]).unwrap();
    check(&[tiny], &["MIT"]).unwrap();
    check(&[tiny, study], &["CC-BY-NC-4.0"]).unwrap();
    let error = check(&[tiny, study], &[]).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("add `--accept-licence CC-BY-NC-4.0`"),
        "{error}"
    );
    for wrong in ["MIT", "cc-by-nc-4.0", "CC-BY-NC", "Apache-2.0", ""] {
        assert!(check(&[study], &[wrong]).is_err(), "{wrong}");
    }
    let error = check(&[tiny], &["CC-BY-NC-4.0"]).unwrap_err();
    assert!(matches!(error, LicenceError::Unrelated { .. }), "{error}");
}

#[test]
fn room_is_asked_for_before_anything_is_written() {
    let world = World::new();
    let models = [world.tiny(), world.registry.find("study").unwrap()];
    let with = |free| pull::check_room(&world.data, &models, |_: &Path| free);
    with(Some(7)).unwrap();
    with(None).unwrap();
    let error = with(Some(6)).unwrap_err().to_string();
    assert!(error.starts_with("7 bytes are needed in "), "{error}");
    assert!(error.ends_with("but only 6 are free"), "{error}");
    assert!(!world.data.exists());
    // The folder is not there yet: what counts is the file system that it will be on.
    assert!(pull::free_bytes(&world.data).is_some());
}
