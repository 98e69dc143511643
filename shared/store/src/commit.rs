//! Commits transactions, and retries the cases that the SDK does not retry.

use std::time::Instant;

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
    faults::{fault, is_defect},
    meter::{self, Operation},
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
    /// way.
    ///
    /// # Errors
    /// [`CommitError::Refused`] if a condition fails, [`CommitError::Failed`] for any other reason.
    pub async fn commit(&self, transaction: &Transaction) -> Result<(), CommitError> {
        self.commit_or(transaction, false).await
    }

    /// Commits like [`Self::commit`], for a caller that can plan again. A conflict on an item whose condition the
    /// transaction relies on is also reported as [`CommitError::Refused`]. That item is about to change, so a retry
    /// would fail, and would only hold up others.
    pub async fn commit_planned(&self, transaction: &Transaction) -> Result<(), CommitError> {
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
            let token = format!("{:032x}", rand::random::<u128>());
            let Some(met) = self.send(transaction, items, &token, &mut attempts).await? else {
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
        token: &str,
        attempts: &mut Attempts,
    ) -> Result<Option<Conflicts>, CommitError> {
        // The SDK makes one attempt only: its own retries would hide that an outcome was unknown.
        let one_attempt = Config::builder().retry_config(RetryConfig::disabled());
        let mut unknown = false;
        loop {
            let began = Instant::now();
            let result = self
                .client()
                .transact_write_items()
                .set_transact_items(Some(items.clone()))
                .client_request_token(token)
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
                        Fault::Refused(labels) => return Err(CommitError::Refused(labels)),
                        Fault::Contended(met) if !unknown => {
                            meter::count_conflict();
                            return Ok(Some(met));
                        }
                        Fault::Contended(_) | Fault::Unknown => {
                            unknown = true;
                            if attempts.pause().await.is_err() {
                                return Err(CommitError::Failed(fault(&error)));
                            }
                        }
                        Fault::Defect => {
                            let text = DisplayErrorContext(&error).to_string();
                            return Err(CommitError::Failed(Error::Internal(text)));
                        }
                    }
                }
            }
        }
    }
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
        TransactWriteItemsError::IdempotentParameterMismatchException(_) => Fault::Defect,
        other if other.meta().code() == Some("ThrottlingError") => Fault::Contended(Conflicts::default()),
        // The transaction is in progress, or DynamoDB has a fault inside.
        _ => Fault::Unknown,
    }
}
