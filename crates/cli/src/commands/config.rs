//! `drape config show|reference`

use drape_server::config::{Origin, REFERENCE, reference_page};

use crate::{
    args::{Common, ConfigCommand},
    settings::load_settings,
};

pub(crate) fn run(common: &Common, command: &ConfigCommand) -> anyhow::Result<()> {
    match command {
        ConfigCommand::Reference => print!("{}", reference_page()),
        ConfigCommand::Show => {
            let (config, origins) = load_settings(common, &[])?;
            let values = toml::Table::try_from(config)?;
            let mut section = "";
            for setting in REFERENCE {
                if setting.section != section {
                    println!(
                        "{}[{}]",
                        if section.is_empty() { "" } else { "\n" },
                        setting.section
                    );
                    section = setting.section;
                }
                let value = values.get(section).and_then(|table| table.get(setting.key));
                let value = value.map(ToString::to_string).unwrap_or_default();
                let name = format!("{section}.{}", setting.key);
                match origins.get(&name).unwrap_or(&Origin::Default) {
                    Origin::Default => println!("{} = {value}", setting.key),
                    origin => println!("{} = {value}  # {origin}", setting.key),
                }
            }
        }
    }
    Ok(())
}
