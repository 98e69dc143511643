//! Commits transactions, and retries the cases that the SDK does not retry.

use std::time::{Instant, SystemTime};

use aws_sdk_dynamodb::{
    Config,
    config::retry::RetryConfig,
    error::{DisplayErrorContext, SdkError},
    operation::transact_write_items::TransactWriteItemsError,
    types::{CancellationReason, ReturnConsumedCapacity, TransactWriteItem},
};

use crate::{
    attempts::Attempts,
    client::Store,
    faults::{broke_off, is_defect},
    meter::{self, Operation},
    request_token::RequestToken,
    transaction::{CommitError, Label, Transaction},
};
use domain::error::Error;

/// Cancellation reason of an item that another transaction was writing at the same time.
const CONFLICT: &str = "TransactionConflict";

impl Store {
    /// Plans a change and commits it. Plans again if a condition fails, because the data that the plan read has
    /// changed; also after a conflict on an item that the plan relied on. So a plan reads the data, refuses the request
    /// on the basis of what it read, and puts a condition on everything that it relied on.
    ///
    /// # Errors
    /// The errors of `plan`; [`Error::Unavailable`] if the contention lasts too long.
    pub async fn carry_out<T, F>(&self, mut plan: impl FnMut() -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<(Transaction, T), Error>>,
    {
        let mut attempts = Attempts::default();
        loop {
            let (transaction, outcome) = plan().await?;
            match self.commit_planned(&transaction).await {
                Ok(()) => return Ok(outcome),
                Err(CommitError::Refused(labels)) => {
                    tracing::debug!(?labels, "condition failed or conflicted; planning again");
                    attempts.pause().await?;
                }
                Err(CommitError::Failed(error)) => return Err(error),
            }
        }
    }

    /// Works like [`Self::carry_out`], for a change that may already be there. `plan` then returns `None`, and nothing
    /// is committed.
    pub async fn bring_about<F>(&self, mut plan: impl FnMut() -> F) -> Result<(), Error>
    where
        F: Future<Output = Result<Option<Transaction>, Error>>,
    {
        let mut attempts = Attempts::default();
        while let Some(transaction) = plan().await? {
            match self.commit_planned(&transaction).await {
                Ok(()) => break,
                Err(CommitError::Refused(_)) => attempts.pause().await?,
                Err(CommitError::Failed(error)) => return Err(error),
            }
        }
        Ok(())
    }

    /// Commits a transaction: all of it, exactly once, or nothing. Costs one round trip without contention.
    ///
    /// Under contention the transaction is cancelled for conflicts and throttling alone, so it certainly did not
    /// happen. It is retried with a new request token, on other shards of tallies and counters. After an unknown
    /// outcome (a time-out or a 5xx) the same request is sent again with the same token; DynamoDB executes it at most
    /// once within ten minutes. From then on the token stays the same, because the first request may still be on its
    /// way. A condition that fails after that is believed only as far as [`RequestToken::proves_refusal`] says.
    ///
    /// # Errors
    /// [`CommitError::Refused`] if a condition fails, [`CommitError::Failed`] for any other reason.
    pub async fn commit(&self, transaction: &Transaction) -> Result<(), CommitError> {
        self.commit_or(transaction, false).await
    }

    /// Commits like [`Self::commit`], for a caller that can plan again. A conflict on an item whose condition the
    /// transaction relies on is also reported as [`CommitError::Refused`]. That item is about to change, so a retry
    /// would fail, and would only hold up others.
    pub(crate) async fn commit_planned(&self, transaction: &Transaction) -> Result<(), CommitError> {
        self.commit_or(transaction, true).await
    }

    async fn commit_or(&self, transaction: &Transaction, planned: bool) -> Result<(), CommitError> {
        // A change with nothing to change.
        if transaction.is_empty() {
            return Ok(());
        }
        let mut attempts = Attempts::default();
        loop {
            let (table, shard) = (self.table(), self.contention.shard());
            let items = transaction.render(table, shard, attempts.made()).map_err(CommitError::Failed)?;
            let Some(met) = self.send(transaction, items, &mut attempts).await? else {
                if attempts.made() == 0 {
                    self.contention.succeeded();
                }
                return Ok(());
            };
            if met.additions {
                self.contention.conflicted();
            }
            if planned && !met.relied_on.is_empty() {
                return Err(CommitError::Refused(met.relied_on));
            }
            attempts.pause().await.map_err(CommitError::Failed)?;
        }
    }

    /// Sends a transaction until its outcome is known. Returns `None` if it was committed, or the conflicts if it was
    /// cancelled for contention.
    async fn send(
        &self,
        transaction: &Transaction,
        items: Vec<TransactWriteItem>,
        attempts: &mut Attempts,
    ) -> Result<Option<Conflicts>, CommitError> {
        // The SDK makes one attempt only: its own retries would hide that an outcome was unknown.
        let one_attempt = Config::builder().retry_config(RetryConfig::disabled());
        let mut token = RequestToken::new(SystemTime::now());
        loop {
            let began = Instant::now();
            let result = self
                .client()
                .transact_write_items()
                .set_transact_items(Some(items.clone()))
                .client_request_token(token.text())
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .customize()
                .config_override(one_attempt.clone())
                .send()
                .await;
            match result {
                Ok(output) => {
                    meter::count(began, Operation::TransactWriteItems, output.consumed_capacity());
                    return Ok(None);
                }
                Err(error) => {
                    meter::count(began, Operation::TransactWriteItems, &[]);
                    match classify(transaction, &error) {
                        Fault::Refused(labels) if token.proves_refusal(SystemTime::now()) => {
                            return Err(CommitError::Refused(labels));
                        }
                        // The refusal may be an effect of our own earlier send. Planning again would then make the
                        // change twice, or refuse what has been done. The idempotency key of the client finds out.
                        Fault::Refused(_) => return Err(unknown(&error)),
                        Fault::Contended(met) if !token.is_unheard() => {
                            meter::count_conflict();
                            return Ok(Some(met));
                        }
                        Fault::Contended(_) | Fault::Unknown => {
                            token.unheard(broke_off(&error));
                            let waited = attempts.pause().await.is_ok();
                            // A store that has forgotten the token would make the change a second time.
                            if !waited || !token.is_remembered(SystemTime::now()) {
                                return Err(unknown(&error));
                            }
                        }
                        // The store knows the token, so that an earlier send arrived.
                        Fault::Mismatch if token.is_unheard() => return Err(unknown(&error)),
                        Fault::Mismatch | Fault::Defect => {
                            let text = DisplayErrorContext(&error).to_string();
                            return Err(CommitError::Failed(Error::Internal(text)));
                        }
                    }
                }
            }
        }
    }
}

/// Returns the 503 of a transaction that may have happened or not.
fn unknown(error: &SdkError<TransactWriteItemsError>) -> CommitError {
    CommitError::Failed(Error::Unavailable(format!("unknown outcome: {}", DisplayErrorContext(error))))
}

/// Conflicts that cancelled a transaction.
#[derive(Default)]
struct Conflicts {
    /// Labels of the items with a condition that other transactions were writing.
    relied_on: Vec<Label>,
    /// True if other transactions were writing the same sums.
    additions: bool,
}

impl Conflicts {
    fn of(transaction: &Transaction, reasons: &[CancellationReason]) -> Self {
        let others = |(_, reason): &(usize, &CancellationReason)| reason.code() == Some(CONFLICT);
        let met: Vec<_> = reasons.iter().enumerate().filter(others).map(|(index, _)| index).collect();
        Self {
            relied_on: met.iter().filter_map(|index| transaction.relied_on(*index)).collect(),
            additions: met.iter().any(|index| transaction.label(*index).is_none()),
        }
    }
}

enum Fault {
    /// Conditions failed, under these labels.
    Refused(Vec<Label>),
    /// Certainly not committed, because of contention.
    Contended(Conflicts),
    /// Unknown outcome: the transaction may be committed or not.
    Unknown,
    /// The store knows the request token from a transaction with other items.
    Mismatch,
    /// A retry would fail too.
    Defect,
}

fn classify(transaction: &Transaction, error: &SdkError<TransactWriteItemsError>) -> Fault {
    if is_defect(error) {
        return Fault::Defect;
    }
    let Some(service) = error.as_service_error() else { return Fault::Unknown };
    match service {
        TransactWriteItemsError::TransactionCanceledException(cancelled) => {
            let reasons = cancelled.cancellation_reasons();
            let coded =
                |code: &'static str| move |(_, reason): &(usize, &CancellationReason)| reason.code() == Some(code);
            let refused: Vec<_> = reasons
                .iter()
                .enumerate()
                .filter(coded("ConditionalCheckFailed"))
                .filter_map(|(index, _)| transaction.label(index))
                .collect();
            if !refused.is_empty() {
                return Fault::Refused(refused);
            }
            let contention = [CONFLICT, "ThrottlingError", "ProvisionedThroughputExceeded"];
            let fine = |code: &str| code == "None" || contention.contains(&code);
            let all_contention = reasons.iter().all(|reason| reason.code().is_none_or(fine));
            if all_contention { Fault::Contended(Conflicts::of(transaction, reasons)) } else { Fault::Defect }
        }
        TransactWriteItemsError::ProvisionedThroughputExceededException(_)
        | TransactWriteItemsError::RequestLimitExceeded(_)
        | TransactWriteItemsError::ThrottlingException(_) => Fault::Contended(Conflicts::default()),
        TransactWriteItemsError::IdempotentParameterMismatchException(_) => Fault::Mismatch,
        other if other.meta().code() == Some("ThrottlingError") => Fault::Contended(Conflicts::default()),
        // The transaction is in progress, or DynamoDB has a fault inside.
        _ => Fault::Unknown,
    }
}
