//! `drape openapi`

pub(crate) fn run() -> anyhow::Result<()> {
    println!(
        "{}",
        drape_server::api::openapi::openapi().to_pretty_json()?
    );
    Ok(())
}
