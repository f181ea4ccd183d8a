//! `drape webhook` as types.

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum WebhookCommand {
    /// Register an address and print its secret, once
    Add {
        /// Name or id of the account
        account: String,
        /// Where messages go
        url: String,
        /// Events, separated by commas: generation.completed, generation.failed, credits.low [default: all]
        #[arg(long, value_delimiter = ',', value_name = "EVENTS")]
        events: Vec<String>,
        /// Print JSON: { "webhookId", "secret", ... }
        #[arg(long)]
        json: bool,
    },
    /// List the webhooks of an account
    List {
        /// Name or id of the account
        account: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Delete a webhook with its log
    Remove {
        /// Name or id of the account
        account: String,
        /// Id of the webhook, `whe_...`
        webhook: String,
    },
    /// Switch a webhook on again; what waited for it goes out
    Enable {
        /// Name or id of the account
        account: String,
        /// Id of the webhook, `whe_...`
        webhook: String,
    },
    /// Switch a webhook off: nothing new is written for it, what waits goes on waiting
    Disable {
        /// Name or id of the account
        account: String,
        /// Id of the webhook, `whe_...`
        webhook: String,
    },
    /// Make a new secret and print it, once; the old one signs beside it for a day
    Rotate {
        /// Name or id of the account
        account: String,
        /// Id of the webhook, `whe_...`
        webhook: String,
        /// Print JSON: { "webhookId", "secret" }
        #[arg(long)]
        json: bool,
    },
    /// List the messages to a webhook, newest first
    Deliveries {
        /// Name or id of the account
        account: String,
        /// Id of the webhook, `whe_...`
        webhook: String,
        /// Only those that were given up
        #[arg(long)]
        failed: bool,
        /// Messages at most, 1 to 200 [default: 50]
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..=200))]
        limit: Option<u32>,
        /// Where the page before ended
        #[arg(long)]
        cursor: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show a message with all its attempts
    Show {
        /// Id of the message, `msg_...`
        delivery: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Send a message again, with the same id, whatever became of it
    Replay {
        /// Id of the message, `msg_...`
        delivery: String,
    },
    /// Send a message `webhook.test`
    Test {
        /// Id of the webhook, `whe_...`
        webhook: String,
    },
}
