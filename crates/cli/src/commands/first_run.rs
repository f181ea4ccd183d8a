//! What an empty data folder gets: an account, demo pictures, and two lines to try.

use std::{net::SocketAddr, path::Path};

use anyhow::Context as _;
use drape_server::{app::Data, config::Config};

use super::account;

/// Folder of the demo pictures inside the data folder.
const DEMO_DIR: &str = "demo";

/// Makes the account `default`, shows its key once, and prints two curl lines that work as they stand.
pub(crate) async fn welcome(
    config: &Config,
    data: &Data,
    address: SocketAddr,
) -> anyhow::Result<()> {
    let demo = Path::new(&config.storage.data_dir).join(DEMO_DIR);
    write_demo_pictures(&demo)
        .with_context(|| format!("the demo pictures cannot be written to {}", demo.display()))?;
    let (account, key) = account::create(config, data, "default", None, None).await?;
    let key = key.expose();
    let url = format!("http://{address}/tryon/v1");
    let person = quoted(&format!("file=@{}", demo.join("person.jpg").display()));
    let garment = quoted(&format!("garment=@{}", demo.join("garment.jpg").display()));
    let image_id = r#"sed 's/.*"imageId":"\([^"]*\)".*/\1/' person.json"#;
    println!(
        "Made the account \"{}\" with {} credits.",
        account.name, config.accounts.credits
    );
    println!("Its API key, shown this once: {key}");
    println!();
    println!(
        "Try it: upload a person, then ask for the try-on. Then put your own two pictures in."
    );
    println!();
    println!("curl -s {url}/images/upload -H 'x-api-key: {key}' -F {person} | tee person.json");
    println!(
        "curl -s {url}/try-on/sync -H 'x-api-key: {key}' -F 'data={{\"customer\":{{\"id\":\"'$({image_id})'\"}},\"product\":{{\"title\":\"Demo T-shirt\",\"images\":[{{\"fileKey\":\"garment\"}}]}}}}' -F {garment}"
    );
    println!();
    println!("The link in resultImageUrl opens in any browser.");
    println!();
    Ok(())
}

/// Draws the demo pictures; they are made by this program, nobody is in them.
fn write_demo_pictures(dir: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(dir)?;
    std::fs::write(dir.join("person.jpg"), drape_engines::demo::person_jpeg())?;
    std::fs::write(dir.join("garment.jpg"), drape_engines::demo::garment_jpeg())?;
    std::fs::write(
        dir.join("trousers.jpg"),
        drape_engines::demo::trousers_jpeg(),
    )?;
    Ok(())
}

/// Quotes a word for a POSIX shell.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_with_quotes_survive_the_shell() {
        assert_eq!(quoted("person=@/a b/c.jpg"), "'person=@/a b/c.jpg'");
        assert_eq!(quoted("it's"), "'it'\\''s'");
    }
}
