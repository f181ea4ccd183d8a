//! `drape migrate`

use drape_server::app::{database_path, open_data};

use super::block_on;
use crate::{args::Common, settings::load_settings};

pub(crate) fn run(common: &Common) -> anyhow::Result<()> {
    let (config, _) = load_settings(common, &[])?;
    block_on(async {
        let data = open_data(&config, false).await?;
        let applied = data.store.migrate().await?;
        data.store.close().await;
        let path = database_path(&config);
        if applied.is_empty() {
            println!("{} is up to date", path.display());
        }
        for name in applied {
            println!("{}: applied {name}", path.display());
        }
        Ok(())
    })
}
