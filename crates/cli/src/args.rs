//! The command line as types.

#![expect(
    clippy::doc_markdown,
    reason = "these comments are help texts on a terminal"
)]

mod engine;
mod models;
mod webhook;

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use drape_core::watermark::Anchor;

pub(crate) use engine::{BenchArgs, EngineCommand, NeuralEngine};
pub(crate) use models::{ModelsArgs, ModelsCommand};
pub(crate) use webhook::WebhookCommand;

/// Self-hosted virtual try-on: a photo and a product in, a picture of that person wearing it out.
#[derive(Debug, Parser)]
#[command(name = "drape", version, about, max_term_width = 100)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Flags of every command.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Common {
    /// Folder of the database and the pictures [default: ./drape-data]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Settings file [default: drape.toml in this folder, if there is one]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// One setting, such as `worker.lease_s=60`; may be given several times
    #[arg(long, global = true, value_name = "SECTION.KEY=VALUE")]
    pub(crate) set: Vec<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve the API and work on its jobs, in one process
    Serve {
        /// Address and port to listen on [default: 127.0.0.1:8080]
        #[arg(long, value_name = "ADDRESS")]
        listen: Option<String>,
    },
    /// Make one try-on picture without a server
    TryOn(TryOnArgs),
    /// Manage accounts
    #[command(subcommand)]
    Account(AccountCommand),
    /// Manage API keys
    #[command(subcommand)]
    Key(KeyCommand),
    /// Manage keys of the admin API
    #[command(subcommand)]
    AdminKey(AdminKeyCommand),
    /// Manage credits
    #[command(subcommand)]
    Credits(CreditsCommand),
    /// Manage webhooks: messages to a shop's own server
    #[command(subcommand)]
    Webhook(WebhookCommand),
    /// Look at try-on engines
    #[command(subcommand)]
    Engine(EngineCommand),
    /// Look at the signed statements (C2PA) in pictures of how they were made
    #[command(subcommand)]
    Provenance(ProvenanceCommand),
    /// Manage customers of an account
    #[command(subcommand)]
    Customer(CustomerCommand),
    /// Manage the model files of the neural engine
    Models(ModelsArgs),
    /// Check settings, database, pictures and engines, and say what to do
    Doctor {
        /// Also compare all picture files with the database, and list what stands alone
        #[arg(long)]
        orphans: bool,
    },
    /// Show settings
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Print the OpenAPI document
    Openapi,
    /// Bring the database schema up to date
    Migrate,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct TryOnArgs {
    /// Photo of the person: JPEG, PNG, WebP or HEIC
    #[arg(long, value_name = "FILE")]
    pub(crate) person: PathBuf,
    /// Picture of the garment: a flat-lay or ghost-mannequin photo; given again for each further garment of an outfit
    #[arg(long, value_name = "FILE", required = true)]
    pub(crate) garment: Vec<PathBuf>,
    /// What the garment is, in the order of the garments; guessed from its outline when left out
    #[arg(long, value_enum)]
    pub(crate) category: Vec<CategoryArg>,
    /// Engine to use
    #[arg(long, default_value = "preview")]
    pub(crate) engine: String,
    /// Number that chance depends on, for engines that work with chance: the same seed gives the same picture
    #[arg(long, value_name = "NUMBER")]
    pub(crate) seed: Option<u64>,
    /// Logo to put onto the result at the lower right: PNG or WebP
    #[arg(long, value_name = "FILE")]
    pub(crate) watermark: Option<PathBuf>,
    /// Draw the label "AI-generated" onto the result
    #[arg(long)]
    pub(crate) ai_label: bool,
    /// Picture to write (JPEG)
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Print the outcome as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum CategoryArg {
    Top,
    Bottom,
    Dress,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AccountCommand {
    /// Make an account and print its API key, once
    Create {
        /// Name of the account, unique
        name: String,
        /// Credits to begin with [default: accounts.credits]
        #[arg(long, allow_negative_numbers = true)]
        credits: Option<u32>,
        /// Requests per minute [default: accounts.rate_limit]
        #[arg(long, allow_negative_numbers = true)]
        rate_limit: Option<u32>,
        /// Print JSON: { "accountId", "apiKey" }
        #[arg(long)]
        json: bool,
    },
    /// List all accounts
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show one account with its keys and credits
    Show {
        /// Name or id
        account: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Switch an account off: its keys stop working
    Disable {
        /// Name or id
        account: String,
    },
    /// Switch a disabled account on again
    Enable {
        /// Name or id
        account: String,
    },
    /// Change settings of an account; what is not named stays as it is
    Set(AccountSetArgs),
    /// Manage the logo that an account puts onto its results
    #[command(subcommand)]
    Watermark(WatermarkCommand),
}

#[derive(Debug, ClapArgs)]
#[group(required = true, multiple = true)]
pub(crate) struct AccountSettings {
    /// Requests per minute
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rate_limit: Option<u32>,
    /// Status and picture requests per minute
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) poll_limit: Option<u32>,
    /// Days that pictures are kept when a request does not say: 1, 3 or 7
    #[arg(long, value_name = "DAYS", value_parser = keep_for_days)]
    pub(crate) keep_for_days: Option<u32>,
    /// Engine of the account; `default` follows the server's setting
    #[arg(long, value_name = "NAME|default")]
    pub(crate) engine: Option<String>,
    /// Whether results carry the label "AI-generated" unless a request says otherwise
    #[arg(long, value_enum)]
    pub(crate) ai_label: Option<Switch>,
    /// Balance at which the event `credits.low` is sent; 0 never sends it
    #[arg(long, value_name = "N")]
    pub(crate) credits_low_at: Option<u32>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct AccountSetArgs {
    /// Name or id
    pub(crate) account: String,
    #[command(flatten)]
    pub(crate) settings: AccountSettings,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Switch {
    On,
    Off,
}

fn keep_for_days(text: &str) -> Result<u32, String> {
    match text {
        "1" => Ok(1),
        "3" => Ok(3),
        "7" => Ok(7),
        _ => Err("expected 1, 3 or 7".to_owned()),
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum WatermarkCommand {
    /// Set the logo, or change how it is put onto results
    Set {
        /// Name or id of the account
        account: String,
        /// PNG or WebP file, best with a transparent background; may be left out once there is a logo
        #[arg(long, value_name = "FILE")]
        logo: Option<PathBuf>,
        #[command(flatten)]
        style: StyleArgs,
    },
    /// Remove the logo
    Clear {
        /// Name or id of the account
        account: String,
    },
    /// Show what is set
    Show {
        /// Name or id of the account
        account: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
        /// Write the stored logo to this file (PNG)
        #[arg(long, value_name = "FILE")]
        logo_out: Option<PathBuf>,
    },
    /// Put the logo onto a photo, to see what results will look like
    Preview {
        /// Name or id of the account
        account: String,
        /// Photo to put it onto: JPEG, PNG, WebP or HEIC
        #[arg(long, value_name = "FILE")]
        photo: PathBuf,
        /// Draw the label "AI-generated" too
        #[arg(long)]
        ai_label: bool,
        /// Picture to write (JPEG)
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
    },
}

#[derive(Debug, ClapArgs)]
pub(crate) struct StyleArgs {
    /// Where it goes unless a face is there, such as `bottom-right` or `top-center` [default: bottom-right]
    #[arg(long, value_name = "PLACE", value_parser = anchor)]
    pub(crate) anchor: Option<Anchor>,
    /// Width as a share of the picture's width, 2% to 100% [default: 18%]
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub(crate) width: Option<f64>,
    /// How much of the picture it covers, 5% to 100% [default: 85%]
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub(crate) opacity: Option<f64>,
    /// Distance from the edges as a share of the picture's short side, 0% to 25% [default: 3%]
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub(crate) margin: Option<f64>,
}

fn anchor(text: &str) -> Result<Anchor, String> {
    Anchor::from_wire(text).ok_or_else(|| {
        let names = Anchor::ALL.map(Anchor::as_str);
        format!("expected one of {}", names.join(", "))
    })
}

/// Reads `18%` or `0.18`.
fn share(text: &str) -> Result<f64, String> {
    let (number, unit) = match text.strip_suffix('%') {
        Some(number) => (number, 100.0),
        None => (text, 1.0),
    };
    match number.trim().parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(number / unit),
        _ => Err("expected a share such as 18% or 0.18".to_owned()),
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Make another key for an account and print it, once
    Create {
        /// Name or id of the account
        account: String,
        /// Free text that tells keys apart
        #[arg(long, default_value = "")]
        label: String,
        /// Print JSON: { "keyId", "apiKey" }
        #[arg(long)]
        json: bool,
    },
    /// List the keys of an account (never the keys themselves)
    List {
        /// Name or id of the account
        account: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Revoke a key; it stops working at once
    Revoke {
        /// Name or id of the account
        account: String,
        /// Id of the key, `key_...`
        key: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum AdminKeyCommand {
    /// Make a key of the admin API and print it, once
    Create {
        /// Free text that tells keys apart
        #[arg(long, default_value = "")]
        label: String,
        /// Print JSON: { "adminKeyId", "adminKey" }
        #[arg(long)]
        json: bool,
    },
    /// List the admin keys (never the keys themselves)
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Revoke an admin key; it stops working at once
    Revoke {
        /// Id of the key, `adk_...`
        key: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum CreditsCommand {
    /// Give credits to an account; a negative number takes some back
    Grant {
        /// Name or id of the account
        account: String,
        /// How many
        #[arg(allow_negative_numbers = true)]
        amount: i64,
        /// Why, for the ledger
        #[arg(long, default_value = "")]
        note: String,
    },
    /// Show the balance and the last entries of the ledger
    Show {
        /// Name or id of the account
        account: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ProvenanceCommand {
    /// Say what made a picture, and whether it was changed since; nothing is fetched
    ///
    /// Exit code 0 when the statement holds (also when nobody vouches for its signer), 4 when the file or the statement
    /// was changed, 5 when there is none.
    Verify {
        /// Picture: JPEG, PNG, WebP, GIF, TIFF, HEIC or AVIF
        file: PathBuf,
        /// Certificates in PEM form whose signatures count as trusted
        #[arg(long, value_name = "FILE")]
        trust: Option<PathBuf>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Print the certificates that this server's results are signed with, as PEM
    Certificate,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CustomerCommand {
    /// Erase a customer (GDPR): pictures, results and the name; waiting try-ons are cancelled
    Erase {
        /// Name or id of the account
        account: String,
        /// The customer's externalUserId, exactly as the shop sent it
        customer: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
        /// Print JSON: { "pictures", "results", "cancelled", "generations", "files" }
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Print the settings in force, and where each came from
    Show,
    /// Print every setting with its default and meaning, as Markdown
    Reference,
}
