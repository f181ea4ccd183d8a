//! The command line as types.

#![expect(
    clippy::doc_markdown,
    reason = "these comments are help texts on a terminal"
)]

mod webhook;

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

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
    /// Look at the signed statements (C2PA) in pictures of how they were made
    #[command(subcommand)]
    Provenance(ProvenanceCommand),
    /// Manage customers of an account
    #[command(subcommand)]
    Customer(CustomerCommand),
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
    /// Picture of the garment: a flat-lay or ghost-mannequin photo
    #[arg(long, value_name = "FILE")]
    pub(crate) garment: PathBuf,
    /// What the garment is; guessed from its outline when left out
    #[arg(long, value_enum)]
    pub(crate) category: Option<CategoryArg>,
    /// Engine to use
    #[arg(long, default_value = "preview")]
    pub(crate) engine: String,
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
