//! Laying file, environment and flags over the defaults.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use toml::{Table, Value};

use super::{Config, SETTINGS, parse::nearest};

/// Prefix of the environment variables that are settings.
const ENV_PREFIX: &str = "DRAPE_";
/// File that is read when none is named and it exists.
const DEFAULT_FILE: &str = "drape.toml";

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The named file cannot be read.
    #[error("cannot read the settings file {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not TOML.
    #[error("{} is not valid TOML: {message}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Where and why.
        message: String,
    },
    /// No such setting.
    #[error("unknown setting \"{setting}\" (from {origin}){hint}")]
    Unknown {
        /// The setting as given.
        setting: String,
        /// Where it was given.
        origin: Origin,
        /// What may have been meant.
        hint: String,
    },
    /// A value of the wrong type or out of range.
    #[error("setting \"{setting}\": {message}")]
    Invalid {
        /// The setting.
        setting: String,
        /// What is expected.
        message: String,
    },
}

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nobody said anything.
    Default,
    /// The settings file.
    File(PathBuf),
    /// This environment variable.
    Environment(String),
    /// A flag of the command line.
    Flag,
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::Flag => f.write_str("flag"),
        }
    }
}

/// What is laid over the defaults.
#[derive(Debug, Default)]
pub struct Layers {
    /// The settings file; `drape.toml` in the working directory is read when it exists and none is named.
    pub file: Option<PathBuf>,
    /// Environment variables; only those with the prefix `DRAPE_` and a `__` count.
    pub environment: Vec<(String, String)>,
    /// Flags as `section.key` and value.
    pub flags: Vec<(String, String)>,
}

/// Loads the settings; also says for each setting where its value came from.
pub fn load(layers: &Layers) -> Result<(Config, BTreeMap<String, Origin>), ConfigError> {
    let mut merged = Merged::default();
    if let Some((path, table)) = read_file(layers.file.as_deref())? {
        merged.add_table(&table, &Origin::File(path))?;
    }
    let mut variables: Vec<_> = layers
        .environment
        .iter()
        .filter(|(name, _)| name.starts_with(ENV_PREFIX))
        .collect();
    variables.sort();
    for (name, value) in variables {
        let Some((section, key)) = name[ENV_PREFIX.len()..].split_once("__") else {
            continue;
        };
        merged.add_text(
            &section.to_lowercase(),
            &key.to_lowercase(),
            value,
            Origin::Environment(name.clone()),
        )?;
    }
    for (setting, value) in &layers.flags {
        let (section, key) = setting.split_once('.').unwrap_or((setting.as_str(), ""));
        merged.add_text(section, key, value, Origin::Flag)?;
    }
    let config = merged.into_config()?;
    config.0.check()?;
    Ok(config)
}

fn read_file(named: Option<&Path>) -> Result<Option<(PathBuf, Table)>, ConfigError> {
    let path = match named {
        Some(path) => path.to_owned(),
        None if Path::new(DEFAULT_FILE).is_file() => PathBuf::from(DEFAULT_FILE),
        None => return Ok(None),
    };
    let text = std::fs::read_to_string(&path).map_err(|source| ConfigError::Read {
        path: path.clone(),
        source,
    })?;
    match text.parse::<Table>() {
        Ok(table) => Ok(Some((path, table))),
        Err(error) => Err(ConfigError::Syntax {
            path,
            message: error.to_string(),
        }),
    }
}

#[derive(Default)]
struct Merged {
    table: Table,
    origins: BTreeMap<String, Origin>,
}

impl Merged {
    fn add_table(&mut self, table: &Table, origin: &Origin) -> Result<(), ConfigError> {
        for (section, values) in table {
            let Value::Table(values) = values else {
                return Err(unknown(section, "", origin.clone()));
            };
            for (key, value) in values {
                self.add(section, key, value.clone(), origin.clone())?;
            }
        }
        Ok(())
    }

    /// Adds a value that came as text: it takes the type of the setting's default.
    fn add_text(
        &mut self,
        section: &str,
        key: &str,
        text: &str,
        origin: Origin,
    ) -> Result<(), ConfigError> {
        let defaults = Table::try_from(Config::default()).unwrap_or_default();
        let Some(default) = defaults.get(section).and_then(|table| table.get(key)) else {
            return Err(unknown(section, key, origin));
        };
        let expected = |what: &str| ConfigError::Invalid {
            setting: format!("{section}.{key}"),
            message: format!("expected {what}, got \"{text}\" (from {origin})"),
        };
        let value = match default {
            Value::Integer(_) => Value::Integer(
                text.trim()
                    .parse()
                    .map_err(|_| expected("a whole number"))?,
            ),
            Value::Float(_) => Value::Float(text.trim().parse().map_err(|_| expected("a number"))?),
            Value::Boolean(_) => {
                Value::Boolean(text.trim().parse().map_err(|_| expected("true or false"))?)
            }
            Value::Array(_) => parse_list(section, key, text),
            Value::String(_) | Value::Datetime(_) | Value::Table(_) => {
                Value::String(text.to_owned())
            }
        };
        self.add(section, key, value, origin)
    }

    fn add(
        &mut self,
        section: &str,
        key: &str,
        value: Value,
        origin: Origin,
    ) -> Result<(), ConfigError> {
        if !SETTINGS
            .iter()
            .any(|setting| setting.section == section && setting.key == key)
        {
            return Err(unknown(section, key, origin));
        }
        let values = self
            .table
            .entry(section)
            .or_insert_with(|| Value::Table(Table::new()));
        if let Value::Table(values) = values {
            values.insert(key.to_owned(), value);
        }
        self.origins.insert(format!("{section}.{key}"), origin);
        Ok(())
    }

    fn into_config(self) -> Result<(Config, BTreeMap<String, Origin>), ConfigError> {
        // Section by section and key by key, so that a wrong type is told with its full name.
        let mut config = Table::try_from(Config::default()).unwrap_or_default();
        for (section, values) in self.table {
            let Value::Table(values) = values else {
                continue;
            };
            for (key, value) in values {
                if let Some(Value::Table(known)) = config.get_mut(&section) {
                    known.insert(key.clone(), value);
                }
                if let Err(error) = config.clone().try_into::<Config>() {
                    return Err(ConfigError::Invalid {
                        setting: format!("{section}.{key}"),
                        message: error.message().trim().to_owned(),
                    });
                }
            }
        }
        let config = config
            .try_into::<Config>()
            .map_err(|error| ConfigError::Invalid {
                setting: String::new(),
                message: error.message().to_owned(),
            })?;
        Ok((config, self.origins))
    }
}

/// A list as text: `a,b` or a TOML array.
fn parse_list(section: &str, key: &str, text: &str) -> Value {
    let as_toml = format!("value = {text}")
        .parse::<Table>()
        .ok()
        .and_then(|mut table| table.remove("value"));
    if let Some(list @ Value::Array(_)) = as_toml {
        return list;
    }
    let is_numbers = section == "outbound" && key == "ports";
    let item = |item: &str| match item.parse::<i64>() {
        Ok(number) if is_numbers => Value::Integer(number),
        _ => Value::String(item.to_owned()),
    };
    Value::Array(
        text.split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(item)
            .collect(),
    )
}

fn unknown(section: &str, key: &str, origin: Origin) -> ConfigError {
    let setting = if key.is_empty() {
        section.to_owned()
    } else {
        format!("{section}.{key}")
    };
    let names: Vec<String> = SETTINGS
        .iter()
        .map(|setting| format!("{}.{}", setting.section, setting.key))
        .collect();
    let hint = match nearest(&setting, names.iter().map(String::as_str)) {
        Some(name) => format!("; did you mean \"{name}\"?"),
        None => "; `drape config reference` lists all settings".to_owned(),
    };
    ConfigError::Unknown {
        setting,
        origin,
        hint,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_env(pairs: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let environment = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        load(&Layers {
            environment,
            ..Layers::default()
        })
        .map(|(config, _)| config)
    }

    fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("drape.toml");
        std::fs::write(&path, text).unwrap();
        (dir, path)
    }

    #[test]
    fn later_layers_win_and_say_where_they_came_from() {
        let (_dir, path) =
            file("[server]\nlisten = \"127.0.0.1:1\"\nurl_lifetime_s = 5\n[worker]\nlease_s = 7\n");
        let layers = Layers {
            file: Some(path),
            environment: vec![
                ("DRAPE_SERVER__LISTEN".into(), "127.0.0.1:2".into()),
                ("DRAPE_WORKER__LEASE_S".into(), "8".into()),
                (
                    "DRAPE_HOME".into(),
                    "not a setting: no double underscore".into(),
                ),
            ],
            flags: vec![("server.listen".into(), "127.0.0.1:3".into())],
        };
        let (config, origins) = load(&layers).unwrap();
        assert_eq!(config.server.listen, "127.0.0.1:3");
        assert_eq!(config.worker.lease_s, 8);
        assert_eq!(config.server.url_lifetime_s, 5);
        assert_eq!(origins["server.listen"], Origin::Flag);
        assert_eq!(
            origins["worker.lease_s"],
            Origin::Environment("DRAPE_WORKER__LEASE_S".into())
        );
        assert!(matches!(origins["server.url_lifetime_s"], Origin::File(_)));
    }

    #[test]
    fn unknown_keys_get_a_hint() {
        let (_dir, path) = file("[server]\nlisten_on = \"x\"\n");
        let error = load(&Layers {
            file: Some(path),
            ..Layers::default()
        })
        .unwrap_err()
        .to_string();
        assert!(
            error.contains("server.listen_on") && error.contains("server.listen\"?"),
            "{error}"
        );
        let error = with_env(&[("DRAPE_SERVR__LISTEN", "x")])
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("DRAPE_SERVR__LISTEN") && error.contains("server.listen"),
            "{error}"
        );
        let error = with_env(&[("DRAPE_ZZZ__QQQQQQ", "x")])
            .unwrap_err()
            .to_string();
        assert!(error.contains("config reference"), "{error}");
    }

    #[test]
    fn text_takes_the_type_of_the_setting() {
        let config = with_env(&[
            ("DRAPE_OUTBOUND__ALLOW", "127.0.0.1/32,10.0.0.0/8"),
            ("DRAPE_OUTBOUND__PORTS", "80,8443"),
            ("DRAPE_OUTBOUND__ALLOW_HTTP", "false"),
            ("DRAPE_PREVIEW__GATE", "0.6"),
            ("DRAPE_CLOCK__OFFSET", "16d"),
        ])
        .unwrap();
        assert_eq!(config.outbound.allow, ["127.0.0.1/32", "10.0.0.0/8"]);
        assert_eq!(config.outbound.ports, [80, 8_443]);
        assert!(!config.outbound.allow_http);
        assert!((config.preview.gate - 0.6).abs() < 1e-9);
        let error = with_env(&[("DRAPE_WORKER__LEASE_S", "soon")])
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("worker.lease_s") && error.contains("whole number"),
            "{error}"
        );
        assert!(with_env(&[("DRAPE_WORKER__LEASE_S", "-1")]).is_err());
        assert!(with_env(&[("DRAPE_OUTBOUND__PORTS", "80,https")]).is_err());
    }

    #[test]
    fn broken_files_say_where() {
        let (_dir, path) = file("[server\nlisten = 1");
        let error = load(&Layers {
            file: Some(path),
            ..Layers::default()
        })
        .unwrap_err()
        .to_string();
        assert!(error.contains("line 1"), "{error}");
        let (_dir, path) = file("[server]\nlisten = 1");
        let error = load(&Layers {
            file: Some(path),
            ..Layers::default()
        })
        .unwrap_err()
        .to_string();
        assert!(error.contains("server.listen"), "{error}");
        let missing = Layers {
            file: Some("/nowhere/drape.toml".into()),
            ..Layers::default()
        };
        assert!(
            load(&missing)
                .unwrap_err()
                .to_string()
                .contains("/nowhere/drape.toml")
        );
    }
}
