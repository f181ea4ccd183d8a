//! The page that lists every setting, made from the settings themselves.

use std::fmt::Write as _;

use super::{Config, SETTINGS};

/// One setting, for documentation.
#[derive(Debug, Clone, Copy)]
pub struct SettingInfo {
    /// Section in the file.
    pub section: &'static str,
    /// Key in the section.
    pub key: &'static str,
    /// What it does.
    pub doc: &'static str,
}

impl SettingInfo {
    /// Name of the environment variable.
    pub fn env_name(&self) -> String {
        format!(
            "DRAPE_{}__{}",
            self.section.to_uppercase(),
            self.key.to_uppercase()
        )
    }
}

/// Every setting, in the order of the reference page.
pub const REFERENCE: &[SettingInfo] = SETTINGS;

/// The reference as a Markdown page: setting, environment variable, default, meaning.
pub fn reference_page() -> String {
    let defaults = toml::Table::try_from(Config::default()).unwrap_or_default();
    let mut page = String::from(
        "# Settings\n\nDefaults, then `drape.toml` (or `--config FILE`), then the environment, then flags: the later one wins.\n\
         An unknown key is an error.\n",
    );
    let mut section = "";
    for setting in SETTINGS {
        if setting.section != section {
            section = setting.section;
            let _ = write!(
                page,
                "\n## [{section}]\n\n| key | environment | default | meaning |\n|---|---|---|---|\n"
            );
        }
        let default = defaults
            .get(section)
            .and_then(|table| table.get(setting.key));
        let default = default.map(ToString::to_string).unwrap_or_default();
        let doc = setting.doc.split_whitespace().collect::<Vec<_>>().join(" ");
        let _ = writeln!(
            page,
            "| `{}` | `{}` | `{default}` | {doc} |",
            setting.key,
            setting.env_name()
        );
    }
    page
}

/// Default of a setting, named as `section.key`.
pub(crate) fn setting_default(name: &str) -> Option<toml::Value> {
    let (section, key) = name.split_once('.')?;
    let defaults = toml::Table::try_from(Config::default()).ok()?;
    defaults.get(section)?.get(key).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_has_a_row_with_its_default() {
        let page = reference_page();
        for setting in REFERENCE {
            assert!(page.contains(&setting.env_name()), "{}", setting.env_name());
        }
        assert!(
            page.contains("| `listen` | `DRAPE_SERVER__LISTEN` | `\"127.0.0.1:8080\"` |"),
            "{page}"
        );
    }
}
