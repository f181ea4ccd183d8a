//! Running accounts: what the command line and the admin API can do, under one set of rules.

use crate::{
    Code, Detail, Error, Result,
    account::{
        Account, AccountChange, ApiKey, EntryKind, KeyInfo, LedgerEntry, NewAccount, NewKey,
    },
    engine::Engines,
    ids::{AccountId, EntryId, KeyId},
    ports::{Accounts, Clock, Ids, Ledger, Ports},
};

/// Longest name of an account, in characters.
pub const MAX_NAME_CHARS: usize = 100;
/// Longest label of a key, in characters.
pub const MAX_LABEL_CHARS: usize = 100;
/// Longest note in the ledger, in characters.
pub const MAX_NOTE_CHARS: usize = 500;
/// Most requests per minute that an account can be allowed.
pub const MAX_RATE_LIMIT: u32 = 1_000_000_000;
/// Most credits that one step can give or take.
pub const MAX_CREDITS: u32 = 1_000_000_000;
/// Days that pictures can be kept.
pub const KEEP_FOR_DAYS: [u32; 3] = [1, 3, 7];

/// What a new account gets when its maker does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountDefaults {
    /// Credits to begin with.
    pub credits: u32,
    /// Requests per minute.
    pub rate_limit: u32,
    /// Status and picture requests per minute.
    pub poll_limit: u32,
}

impl Default for AccountDefaults {
    fn default() -> Self {
        Self {
            credits: crate::account::DEFAULT_CREDITS,
            rate_limit: crate::account::DEFAULT_RATE_LIMIT,
            poll_limit: crate::account::DEFAULT_POLL_LIMIT,
        }
    }
}

/// An account to be made; what is none comes from the defaults.
#[derive(Debug, Clone, Default)]
pub struct AccountDraft {
    /// Unique name; blanks around it are dropped.
    pub name: String,
    /// Credits to begin with, at most [`MAX_CREDITS`].
    pub credits: Option<u32>,
    /// Requests per minute, 1 to [`MAX_RATE_LIMIT`].
    pub rate_limit: Option<u32>,
    /// Status and picture requests per minute, 1 to [`MAX_RATE_LIMIT`].
    pub poll_limit: Option<u32>,
}

impl AccountDraft {
    /// Fills in what its maker did not say.
    #[must_use]
    pub fn with_defaults(self, defaults: AccountDefaults) -> Self {
        // A shop that may ask more often also looks more often.
        let asked = self.rate_limit.unwrap_or(0).saturating_mul(6);
        let poll_limit = defaults.poll_limit.max(asked.min(MAX_RATE_LIMIT));
        Self {
            name: self.name.trim().to_owned(),
            credits: self.credits.or(Some(defaults.credits)),
            rate_limit: self.rate_limit.or(Some(defaults.rate_limit)),
            poll_limit: self.poll_limit.or(Some(poll_limit)),
        }
    }

    /// Every field that does not fit.
    pub fn problems(&self) -> Vec<Detail> {
        let mut problems = Vec::new();
        note(&mut problems, "name", name_problem(self.name.trim()));
        let credits = self.credits.and_then(credits_problem);
        note(&mut problems, "credits", credits);
        let rate_limit = self.rate_limit.and_then(rate_problem);
        note(&mut problems, "rateLimit", rate_limit);
        let poll_limit = self.poll_limit.and_then(rate_problem);
        note(&mut problems, "pollLimit", poll_limit);
        problems
    }
}

/// Credits that were given or taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Granted {
    /// The line in the ledger.
    pub entry: LedgerEntry,
    /// Credits that can be spent now.
    pub balance: i64,
}

/// What an operator does to accounts. It needs only the ports named here, so that the command line can do it, too.
#[derive(Clone, Copy)]
pub struct Admin<'p> {
    /// Accounts and keys.
    pub accounts: &'p dyn Accounts,
    /// Credits.
    pub ledger: &'p dyn Ledger,
    /// The clock.
    pub clock: &'p dyn Clock,
    /// Ids and secrets.
    pub ids: &'p dyn Ids,
}

impl<'p> From<&'p Ports> for Admin<'p> {
    fn from(ports: &'p Ports) -> Self {
        Self {
            accounts: ports.accounts.as_ref(),
            ledger: ports.ledger.as_ref(),
            clock: ports.clock.as_ref(),
            ids: ports.ids.as_ref(),
        }
    }
}

impl Admin<'_> {
    /// Makes an account with a first key. Errors: `VALIDATION_FAILED` with every field that does not fit.
    pub async fn create_account(
        &self,
        draft: AccountDraft,
        defaults: AccountDefaults,
    ) -> Result<(Account, ApiKey)> {
        let draft = draft.with_defaults(defaults);
        refuse(draft.problems())?;
        let key = ApiKey::from_random(self.ids.secret());
        let account = NewAccount {
            id: AccountId::from_uuid(self.ids.uuid()),
            name: draft.name,
            credits: draft.credits.unwrap_or(defaults.credits),
            rate_limit: draft.rate_limit.unwrap_or(defaults.rate_limit),
            poll_limit: draft.poll_limit.unwrap_or(defaults.poll_limit),
            key: self.new_key(&key, "first key"),
            now: self.clock.now(),
        };
        Ok((self.accounts.create(account).await?, key))
    }

    /// Changes settings of an account. Errors: `ACCOUNT_NOT_FOUND`; `VALIDATION_FAILED` with every field that does
    /// not fit.
    pub async fn update_account(
        &self,
        engines: &Engines,
        account: AccountId,
        change: AccountChange,
    ) -> Result<Account> {
        refuse(change_problems(engines, &change))?;
        let changed = self.accounts.update(account, change).await?;
        changed.ok_or_else(|| Error::new(Code::AccountNotFound, "There is no such account."))
    }

    /// Adds a key to an account that exists. Errors: `VALIDATION_FAILED` on `label`.
    pub async fn create_key(&self, account: AccountId, label: &str) -> Result<(KeyInfo, ApiKey)> {
        refuse(label_problems(label))?;
        let key = ApiKey::from_random(self.ids.secret());
        let new = self.new_key(&key, label);
        let info = KeyInfo {
            id: new.id,
            label: new.label.clone(),
            created_at: new.now,
            revoked_at: None,
        };
        self.accounts.create_key(account, new).await?;
        Ok((info, key))
    }

    /// Gives credits to an account that exists, or takes some back, with a note for the ledger.
    ///
    /// Errors: `VALIDATION_FAILED` on `amount` and `note`, `INSUFFICIENT_CREDITS` when there are fewer to take.
    pub async fn grant(&self, account: AccountId, amount: i64, words: &str) -> Result<Granted> {
        refuse(grant_problems(amount, words))?;
        let entry = LedgerEntry {
            id: EntryId::from_uuid(self.ids.uuid()),
            kind: EntryKind::Grant,
            amount,
            generation: None,
            note: words.to_owned(),
            created_at: self.clock.now(),
        };
        let balance = self
            .ledger
            .grant(account, entry.id, amount, words, entry.created_at)
            .await?;
        Ok(Granted { entry, balance })
    }

    fn new_key(&self, key: &ApiKey, label: &str) -> NewKey {
        NewKey {
            id: KeyId::from_uuid(self.ids.uuid()),
            hash: key.hash(),
            label: label.to_owned(),
            now: self.clock.now(),
        }
    }
}

/// What does not fit in the label of a key of any kind.
pub fn label_problems(label: &str) -> Vec<Detail> {
    let mut problems = Vec::new();
    let message = text_problem(label, 0, MAX_LABEL_CHARS);
    note(&mut problems, "label", message);
    problems
}

/// What does not fit in a grant of credits.
pub fn grant_problems(amount: i64, words: &str) -> Vec<Detail> {
    let mut problems = Vec::new();
    note(&mut problems, "amount", amount_problem(amount));
    let message = text_problem(words, 0, MAX_NOTE_CHARS);
    note(&mut problems, "note", message);
    problems
}

/// What does not fit in new settings of an account.
pub fn change_problems(engines: &Engines, change: &AccountChange) -> Vec<Detail> {
    let mut problems = Vec::new();
    let rates = [
        ("rateLimit", change.rate_limit),
        ("pollLimit", change.poll_limit),
    ];
    for (path, rate) in rates {
        note(&mut problems, path, rate.and_then(rate_problem));
    }
    let days = change
        .keep_for_days
        .filter(|days| !KEEP_FOR_DAYS.contains(days));
    let days = days.map(|days| format!("Invalid enum value. Expected 1 | 3 | 7, received {days}"));
    note(&mut problems, "keepForDays", days);
    if let Some(Some(name)) = &change.engine
        && !engines.is_offered(name)
    {
        note(&mut problems, "engine", Some(engines.expected_names()));
    }
    let low_at = change.credits_low_at.and_then(credits_problem);
    note(&mut problems, "creditsLowAt", low_at);
    problems
}

fn note(problems: &mut Vec<Detail>, path: &str, message: Option<String>) {
    problems.extend(message.map(|message| Detail {
        path: path.to_owned(),
        message,
    }));
}

/// One error for all problems; none means none.
pub fn refuse(problems: Vec<Detail>) -> Result<()> {
    if problems.is_empty() {
        return Ok(());
    }
    Err(Error::validation(problems))
}

fn name_problem(name: &str) -> Option<String> {
    // Commands take a name or an id: a name that reads as an id would hide an account.
    if name.parse::<AccountId>().is_ok() {
        return Some("Looks like an account id".to_owned());
    }
    text_problem(name, 1, MAX_NAME_CHARS)
}

fn text_problem(text: &str, min_chars: usize, max_chars: usize) -> Option<String> {
    let chars = text.chars().count();
    let fits = (min_chars..=max_chars).contains(&chars) && !text.chars().any(char::is_control);
    (!fits).then(|| format!("Expected {min_chars} to {max_chars} printable characters"))
}

fn rate_problem(rate: u32) -> Option<String> {
    let fits = (1..=MAX_RATE_LIMIT).contains(&rate);
    (!fits).then(|| format!("Expected a number from 1 to {MAX_RATE_LIMIT}"))
}

fn credits_problem(credits: u32) -> Option<String> {
    (credits > MAX_CREDITS).then(|| format!("Expected a number from 0 to {MAX_CREDITS}"))
}

fn amount_problem(amount: i64) -> Option<String> {
    let fits = amount != 0 && amount.unsigned_abs() <= u64::from(MAX_CREDITS);
    (!fits).then(|| format!("Expected a number from -{MAX_CREDITS} to {MAX_CREDITS}, other than 0"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_printable_and_no_ids() {
        for good in ["a", "Shop Ümlaut", &"x".repeat(100), "acc_", "acc_1"] {
            assert_eq!(name_problem(good), None, "{good}");
        }
        for bad in [
            "",
            "a\nb",
            &"x".repeat(101),
            &format!("acc_{}", "0".repeat(32)),
        ] {
            assert!(name_problem(bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn amounts_are_bounded_on_both_sides() {
        for good in [1, -1, 1_000_000_000, -1_000_000_000] {
            assert_eq!(amount_problem(good), None, "{good}");
        }
        for bad in [0, 1_000_000_001, -1_000_000_001, i64::MAX, i64::MIN] {
            assert!(amount_problem(bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn every_bad_setting_is_named() {
        let engines = Engines::new(Vec::new(), "none");
        let change = AccountChange {
            rate_limit: Some(0),
            poll_limit: Some(MAX_RATE_LIMIT + 1),
            keep_for_days: Some(2),
            engine: Some(Some("nope".to_owned())),
            credits_low_at: Some(u32::MAX),
            ..AccountChange::default()
        };
        let problems = change_problems(&engines, &change);
        let paths: Vec<_> = problems.iter().map(|detail| detail.path.as_str()).collect();
        assert_eq!(
            paths,
            [
                "rateLimit",
                "pollLimit",
                "keepForDays",
                "engine",
                "creditsLowAt"
            ]
        );
        let cleared = AccountChange {
            engine: Some(None),
            ..AccountChange::default()
        };
        assert!(change_problems(&engines, &cleared).is_empty());
    }
}
