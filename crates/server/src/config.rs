//! Settings: defaults, then the file, then the environment, then flags; an unknown key is an error with a hint.

mod layers;
mod parse;
mod reference;

use std::collections::BTreeMap;

use drape_engines::fashn_vton::Preset;
use serde::{Deserialize, Serialize};

pub use layers::{ConfigError, Layers, Origin, load};
pub use parse::parse_offset;
pub(crate) use reference::setting_default;
pub use reference::{REFERENCE, SettingInfo, reference_page};

macro_rules! settings {
    ($( $(#[doc = $section_doc:literal])+ $section:ident: $Section:ident {
        $( $(#[doc = $doc:literal])+ $key:ident: $ty:ty = $default:expr; )+
    } )+) => {
        /// All settings of a server.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
        #[serde(default, deny_unknown_fields)]
        pub struct Config { $( $(#[doc = $section_doc])+ pub $section: $Section, )+ }

        $(
            $(#[doc = $section_doc])+
            #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
            #[serde(default, deny_unknown_fields)]
            pub struct $Section { $( $(#[doc = $doc])+ pub $key: $ty, )+ }

            impl Default for $Section {
                fn default() -> Self { Self { $( $key: $default.into(), )+ } }
            }
        )+

        /// Every setting with its documentation, in the order of the reference page.
        pub(crate) const SETTINGS: &[SettingInfo] = &[ $( $(
            SettingInfo { section: stringify!($section), key: stringify!($key), doc: concat!($($doc, "\n"),+) },
        )+ )+ ];
    };
}

settings! {
    /// Where the server listens and how it answers.
    server: ServerSettings {
        /// Address and port to listen on.
        listen: String = "127.0.0.1:8080";
        /// Base URL in picture links, such as `https://tryon.shop.example`; the request's `Host` when empty.
        public_url: String = "";
        /// Seconds that a signed picture link works.
        url_lifetime_s: u32 = 3_600_u32;
        /// Seconds that running jobs and requests get to end at shutdown.
        shutdown_grace_s: u32 = 30_u32;
        /// Seconds that a client may take for the head of a request.
        header_timeout_s: u32 = 10_u32;
        /// Seconds that a client may take for a whole request body.
        body_timeout_s: u32 = 60_u32;
        /// Connections at once; further ones wait.
        max_connections: u32 = 1_024_u32;
        /// Seconds that `POST /try-on/sync` waits for the end of its try-on before it answers 202.
        sync_wait_s: u32 = 90_u32;
        /// Requests that may wait for the end of a try-on at once, event streams among them; further ones are
        /// answered with `SERVER_BUSY`.
        max_sync_waiting: u32 = 512_u32;
    }
    /// Where data lies.
    storage: StorageSettings {
        /// Folder for the database and the pictures.
        data_dir: String = "./drape-data";
        /// Most generations that may wait at once; further ones are answered with `SERVER_BUSY`.
        max_waiting_jobs: u32 = 100_000_u32;
    }
    /// What a new account gets.
    accounts: AccountSettings {
        /// Credits to begin with.
        credits: u32 = drape_core::account::DEFAULT_CREDITS;
        /// Requests per minute.
        rate_limit: u32 = drape_core::account::DEFAULT_RATE_LIMIT;
        /// Status and picture requests per minute.
        poll_limit: u32 = drape_core::account::DEFAULT_POLL_LIMIT;
    }
    /// The admin API, `/admin/v1`; its keys are made by `drape admin-key create`.
    admin: AdminSettings {
        /// Whether the admin API answers; when not, its routes do not exist.
        enabled: bool = true;
        /// Requests per minute of one admin key.
        rate_limit: u32 = 600_u32;
    }
    /// Limits of one request.
    limits: LimitSettings {
        /// Largest JSON body in bytes.
        max_json_bytes: u64 = 1_000_000_u64;
        /// Largest multipart body in bytes.
        max_multipart_bytes: u64 = 90_000_000_u64;
        /// Largest picture file in bytes.
        max_picture_bytes: u64 = 10_000_000_u64;
        /// Most pixels of a picture, checked before decoding.
        max_pixels: u64 = 50_000_000_u64;
        /// Long side of stored pictures in pixels; larger ones are scaled down.
        max_long_side_px: u32 = 2_048_u32;
    }
    /// Decoding, cropping and encoding of incoming pictures.
    pictures: PictureSettings {
        /// Pictures worked on at once; 0 is one per core.
        workers: u32 = 0_u32;
        /// Pictures that may wait; further ones are answered with `SERVER_BUSY`.
        max_waiting: u32 = 64_u32;
    }
    /// The jobs.
    worker: WorkerSettings {
        /// Jobs run at once; 0 is one per core.
        concurrency: u32 = 0_u32;
        /// Seconds after which a job of a lost worker is taken up again.
        lease_s: u32 = 30_u32;
        /// Attempts at one job.
        max_attempts: u32 = 3_u32;
        /// Milliseconds before the second attempt; doubled for each further one.
        retry_delay_ms: u32 = 2_000_u32;
        /// Seconds that an engine gets for one picture.
        engine_time_limit_s: u32 = 120_u32;
    }
    /// Engines.
    engine: EngineSettings {
        /// Engine for accounts and requests that name none; `auto` is the best one that is quick enough.
        default: String = "preview";
        /// Seconds within which an engine must expect to be done for `auto` to choose it.
        auto_time_limit_s: u32 = 90_u32;
        /// Engine that takes over when another one is out of reach, too slow or cannot do a product; none when empty.
        fallback: String = "";
    }
    /// The neural engine, FASHN VTON 1.5; its model files come by `drape models pull fashn-vton-1.5 dwpose`.
    fashn_vton: FashnVtonSettings {
        /// `exact` (20 steps), `quality` (30 steps) or `fast` (12 steps: an approximation, softer in small things).
        preset: String = "exact";
        /// Seconds that it gets for one picture.
        time_limit_s: u32 = 1_800_u32;
        /// Pictures that may wait in it for the one that is being made; jobs wait in the queue anyway.
        max_waiting: u32 = 1_u32;
        /// Whether the customer's photo is put back where nothing had to change: face, hands, background.
        preserve: bool = true;
        /// Seed of every picture; 0 takes another one for each try-on.
        seed: u64 = 0_u64;
        /// Threads that compute; 0 is one per core.
        threads: u32 = 0_u32;
    }
    /// The built-in preview engine.
    preview: PreviewSettings {
        /// Least confidence (0 to 1) of a result that is delivered.
        gate: f64 = 0.6;
        /// Prepared persons and garments that are kept in memory.
        cache_entries: u32 = 64_u32;
    }
    /// Connections to addresses that callers name.
    outbound: OutboundSettings {
        /// Networks that are reachable although they are private, on any port, such as `["10.1.0.0/16"]`.
        allow: Vec<String> = Vec::new();
        /// Ports that may be reached elsewhere.
        ports: Vec<u16> = vec![80, 443];
        /// Whether plain `http` is allowed.
        allow_http: bool = true;
    }
    /// Messages to shops' own servers.
    webhooks: WebhookSettings {
        /// Whether this server sends webhooks; when not, they wait for one that does.
        enabled: bool = true;
        /// Webhooks on their way at one time; at most two of them to one endpoint.
        concurrency: u32 = 8_u32;
        /// Days that webhooks and the log of their attempts are kept; at least 2, since sending may take a day.
        keep_log_days: u32 = 30_u32;
    }
    /// Deletion of what has run out.
    retention: RetentionSettings {
        /// Seconds between two sweeps; 0 switches them off.
        sweep_interval_s: u32 = 300_u32;
        /// Age in seconds from which a file that no row knows is deleted.
        orphan_grace_s: u32 = 3_600_u32;
    }
    /// Signed statements (C2PA) in results of how they were made.
    provenance: ProvenanceSettings {
        /// Whether results are signed.
        enabled: bool = true;
        /// Private key in PKCS#8 PEM form (ES256, ES384, ES512 or Ed25519); a self-made one in the data folder when empty.
        key_file: String = "";
        /// Certificate of that key in PEM form, followed by those that issued it; set both or none.
        certificate_file: String = "";
    }
    /// Metrics for Prometheus.
    metrics: MetricsSettings {
        /// Address and port on which `GET /metrics` is answered, such as `127.0.0.1:9464`; nothing is measured when empty.
        listen: String = "";
    }
    /// The clock.
    clock: ClockSettings {
        /// Shift of the server's clock, such as `16d` or `-2h`; for staging tests of lifetimes.
        offset: String = "0s";
    }
    /// The log, written to standard error.
    log: LogSettings {
        /// Level or filter, such as `info` or `warn,drape_server=debug`.
        filter: String = "info";
        /// `text` or `json`.
        format: String = "text";
    }
}

/// Settings that the admin API shows: what explains how the server behaves. A setting is secret, or of no use to a
/// caller far away, until it stands here.
const SHOWN: [&str; 29] = [
    "server.public_url",
    "server.url_lifetime_s",
    "server.sync_wait_s",
    "server.max_sync_waiting",
    "server.max_connections",
    "storage.max_waiting_jobs",
    "accounts.credits",
    "accounts.rate_limit",
    "accounts.poll_limit",
    "admin.rate_limit",
    "limits.max_json_bytes",
    "limits.max_multipart_bytes",
    "limits.max_picture_bytes",
    "limits.max_pixels",
    "limits.max_long_side_px",
    "pictures.max_waiting",
    "worker.lease_s",
    "worker.max_attempts",
    "worker.engine_time_limit_s",
    "engine.default",
    "engine.auto_time_limit_s",
    "engine.fallback",
    "fashn_vton.preset",
    "fashn_vton.time_limit_s",
    "fashn_vton.preserve",
    "preview.gate",
    "outbound.allow_http",
    "retention.sweep_interval_s",
    "clock.offset",
];

impl Config {
    /// The settings that may be shown, by `section.key`.
    pub fn shown(&self) -> BTreeMap<String, serde_json::Value> {
        // A tree of plain values, which always serialises.
        let all = serde_json::to_value(self).unwrap_or_default();
        let value_of = |name: &str| {
            all.pointer(&format!("/{}", name.replace('.', "/")))
                .cloned()
        };
        SHOWN
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), value_of(name)?)))
            .collect()
    }

    /// Checks what types alone cannot say. Errors name the setting and what it should be.
    pub fn check(&self) -> Result<(), ConfigError> {
        let wrong = |setting: &str, message: &str| {
            Err(ConfigError::Invalid {
                setting: setting.to_owned(),
                message: message.to_owned(),
            })
        };
        if self.server.listen.parse::<std::net::SocketAddr>().is_err() {
            return wrong(
                "server.listen",
                "expected an address and port such as 127.0.0.1:8080",
            );
        }
        let listen = self.metrics.listen.as_str();
        if !listen.is_empty() && listen.parse::<std::net::SocketAddr>().is_err() {
            return wrong(
                "metrics.listen",
                "expected an address and port such as 127.0.0.1:9464, or nothing",
            );
        }
        let url = self.server.public_url.as_str();
        if !(url.is_empty() || url.starts_with("http://") || url.starts_with("https://")) {
            return wrong(
                "server.public_url",
                "expected a URL that begins with http:// or https://",
            );
        }
        if !(0.0..=1.0).contains(&self.preview.gate) {
            return wrong("preview.gate", "expected a number from 0 to 1");
        }
        if let Err(error) = self.fashn_vton.preset.parse::<Preset>() {
            return wrong("fashn_vton.preset", &error.to_string());
        }
        if parse_offset(&self.clock.offset).is_none() {
            return wrong(
                "clock.offset",
                "expected a number with a unit, such as 16d, -2h, 30m or 10s",
            );
        }
        let provenance = &self.provenance;
        if provenance.key_file.is_empty() && !provenance.certificate_file.is_empty() {
            return wrong(
                "provenance.key_file",
                "expected the key of provenance.certificate_file",
            );
        }
        if provenance.certificate_file.is_empty() && !provenance.key_file.is_empty() {
            return wrong(
                "provenance.certificate_file",
                "expected the certificate of provenance.key_file",
            );
        }
        if !matches!(self.log.format.as_str(), "text" | "json") {
            return wrong("log.format", "expected text or json");
        }
        if self.storage.data_dir.is_empty() {
            return wrong("storage.data_dir", "expected the path of a folder");
        }
        if self.webhooks.keep_log_days < 2 {
            return wrong("webhooks.keep_log_days", "expected a number above 1");
        }
        for (setting, value) in [
            ("webhooks.concurrency", self.webhooks.concurrency),
            ("server.url_lifetime_s", self.server.url_lifetime_s),
            ("server.max_connections", self.server.max_connections),
            ("server.header_timeout_s", self.server.header_timeout_s),
            ("server.body_timeout_s", self.server.body_timeout_s),
            ("engine.auto_time_limit_s", self.engine.auto_time_limit_s),
            ("fashn_vton.time_limit_s", self.fashn_vton.time_limit_s),
            ("worker.lease_s", self.worker.lease_s),
            ("worker.max_attempts", self.worker.max_attempts),
            (
                "worker.engine_time_limit_s",
                self.worker.engine_time_limit_s,
            ),
            ("accounts.rate_limit", self.accounts.rate_limit),
            ("accounts.poll_limit", self.accounts.poll_limit),
            ("admin.rate_limit", self.admin.rate_limit),
            ("storage.max_waiting_jobs", self.storage.max_waiting_jobs),
            ("limits.max_long_side_px", self.limits.max_long_side_px),
        ] {
            if value == 0 {
                return wrong(setting, "expected a number above 0");
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_valid() {
        Config::default().check().unwrap();
    }

    #[test]
    fn every_shown_setting_exists() {
        let shown = Config::default().shown();
        assert_eq!(shown.len(), SHOWN.len());
        assert_eq!(shown["storage.max_waiting_jobs"], 100_000);
        assert_eq!(shown["engine.default"], "preview");
    }

    #[test]
    fn wrong_values_name_the_setting() {
        let mut config = Config::default();
        config.clock.offset = "a while".into();
        let message = config.check().unwrap_err().to_string();
        assert!(
            message.contains("clock.offset") && message.contains("16d"),
            "{message}"
        );
        let mut config = Config::default();
        config.server.listen = "8080".into();
        assert!(
            config
                .check()
                .unwrap_err()
                .to_string()
                .contains("server.listen")
        );
        let mut config = Config::default();
        config.metrics.listen = "9464".into();
        let message = config.check().unwrap_err().to_string();
        assert!(message.contains("metrics.listen"), "{message}");
        let mut config = Config::default();
        config.preview.gate = 1.5;
        assert!(config.check().is_err());
        for (key_file, certificate_file, missing) in [
            ("key.pem", "", "provenance.certificate_file"),
            ("", "certificate.pem", "provenance.key_file"),
        ] {
            let mut config = Config::default();
            config.provenance.key_file = key_file.into();
            config.provenance.certificate_file = certificate_file.into();
            let message = config.check().unwrap_err().to_string();
            assert!(message.contains(missing), "{message}");
        }
    }
}
