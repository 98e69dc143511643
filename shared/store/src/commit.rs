//! Committing transactions: what the SDK does not retry by itself.

use std::time::Instant;

use aws_sdk_dynamodb::{
    Config,
    config::retry::RetryConfig,
    error::{DisplayErrorContext, SdkError},
    operation::transact_write_items::TransactWriteItemsError,
    types::{CancellationReason, ReturnConsumedCapacity, TransactWriteItem},
};

use super::{
    attempts::Attempts,
    meter::{self, Operation},
    store::{Store, unavailable},
    transaction::{CommitError, Label, Transaction},
};
use crate::error::Error;

/// Why an item of a transaction cancelled it: another transaction was at it.
const CONFLICT: &str = "TransactionConflict";

impl Store {
    /// Plans a change and commits it; where a condition does not hold, what was read has changed, and it is planned
    /// anew, and so it is where another transaction is at what it relied on. So a plan reads, refuses in the words of what
    /// it read, and puts a condition on all that it relied on.
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
                    tracing::debug!(?labels, "planned on what has changed");
                    attempts.pause().await?;
                }
                Err(CommitError::Failed(error)) => return Err(error),
            }
        }
    }

    /// The same for a change that may be there already: the plan answers nothing then.
    pub(super) async fn bring_about<F>(&self, mut plan: impl FnMut() -> F) -> Result<(), Error>
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

    /// Carries out a transaction: all of it, once, or nothing.
    ///
    /// Contention (the transaction was cancelled for nothing but conflicts and throttling, so it is known not to have
    /// happened) is tried again with a new request token and on other shards of tallies and counters. An unknown outcome
    /// (a time-out, a 5xx) is asked again with the same token, which DynamoDB carries out at most once in ten minutes; from
    /// then on the token stays, since what was sent first may still be on its way.
    pub async fn commit(&self, transaction: &Transaction) -> Result<(), CommitError> {
        self.commit_or(transaction, false).await
    }

    /// The same for what can be planned anew: also refused where another transaction is at what this one relied on. That
    /// is about to change, and to try again what will be refused would only stand in the way of others.
    pub(super) async fn commit_planned(&self, transaction: &Transaction) -> Result<(), CommitError> {
        self.commit_or(transaction, true).await
    }

    async fn commit_or(&self, transaction: &Transaction, planned: bool) -> Result<(), CommitError> {
        // A change that finds nothing to change.
        if transaction.is_empty() {
            return Ok(());
        }
        let mut attempts = Attempts::default();
        loop {
            let (table, shard) = (self.table(), self.crowd.shard());
            let items = transaction.render(table, shard, attempts.made()).map_err(CommitError::Failed)?;
            let token = format!("{:032x}", rand::random::<u128>());
            let Some(met) = self.send(transaction, items, &token, &mut attempts).await? else {
                if attempts.made() == 0 {
                    self.crowd.passed();
                }
                return Ok(());
            };
            if met.tallies {
                self.crowd.met();
            }
            if planned && !met.relied_on.is_empty() {
                return Err(CommitError::Refused(met.relied_on));
            }
            attempts.pause().await.map_err(CommitError::Failed)?;
        }
    }

    /// Sends a transaction until it is known whether it happened; where it did not, for contention, what it met.
    async fn send(
        &self,
        transaction: &Transaction,
        items: Vec<TransactWriteItem>,
        token: &str,
        attempts: &mut Attempts,
    ) -> Result<Option<Met>, CommitError> {
        // The SDK tries once: its own retries would hide that an outcome was unknown.
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
                                return Err(CommitError::Failed(unavailable(&error)));
                            }
                        }
                        Fault::Ours => {
                            let text = DisplayErrorContext(&error).to_string();
                            return Err(CommitError::Failed(Error::Internal(text)));
                        }
                    }
                }
            }
        }
    }
}

/// What a transaction met that was cancelled for contention.
#[derive(Default)]
struct Met {
    /// Other transactions at items on which it relied.
    relied_on: Vec<Label>,
    /// Whether others were at its tallies.
    tallies: bool,
}

impl Met {
    fn of(transaction: &Transaction, reasons: &[CancellationReason]) -> Self {
        let others = |(_, reason): &(usize, &CancellationReason)| reason.code() == Some(CONFLICT);
        let met: Vec<_> = reasons.iter().enumerate().filter(others).map(|(index, _)| index).collect();
        Self {
            relied_on: met.iter().filter_map(|index| transaction.relied_on(*index)).collect(),
            tallies: met.iter().any(|index| transaction.label(*index).is_none()),
        }
    }
}

enum Fault {
    /// Conditions did not hold.
    Refused(Vec<Label>),
    /// Known not to have happened, for want of a quiet moment.
    Contended(Met),
    /// Nobody knows whether it happened.
    Unknown,
    /// The request is wrong.
    Ours,
}

fn classify(transaction: &Transaction, error: &SdkError<TransactWriteItemsError>) -> Fault {
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
            if all_contention { Fault::Contended(Met::of(transaction, reasons)) } else { Fault::Ours }
        }
        TransactWriteItemsError::ProvisionedThroughputExceededException(_)
        | TransactWriteItemsError::RequestLimitExceeded(_) => Fault::Contended(Met::default()),
        TransactWriteItemsError::TransactionInProgressException(_)
        | TransactWriteItemsError::InternalServerError(_) => Fault::Unknown,
        other => match other.meta().code() {
            Some("ThrottlingException" | "ThrottlingError") => Fault::Contended(Met::default()),
            Some(
                "AccessDeniedException"
                | "ValidationException"
                | "ResourceNotFoundException"
                | "IdempotentParameterMismatchException",
            ) => Fault::Ours,
            _ => Fault::Unknown,
        },
    }
}
