//! Faults of the store in the service's own words: those that a retry can pass, and those that an operator must remove.

use aws_sdk_dynamodb::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};

use domain::error::Error;

/// Error codes that a retry cannot pass: the role, the credentials, the name of the table or the request is wrong.
/// Every other code is throttling, a conflict or a fault inside DynamoDB.
const DEFECTS: [&str; 12] = [
    "AccessDeniedException",
    "ExpiredTokenException",
    "IncompleteSignature",
    "IncompleteSignatureException",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "ResourceNotFoundException",
    "SerializationException",
    "UnrecognizedClientException",
    "ValidationException",
];

/// Error code of a single write to an item that a transaction is writing at the same time.
const CONFLICT: &str = "TransactionConflictException";

/// Returns true if a retry of this call would fail too, until an operator changes something.
pub(crate) fn is_defect<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    matches!(error, SdkError::ConstructionFailure(_)) || error.code().is_some_and(|code| DEFECTS.contains(&code))
}

/// Returns true if a transaction was writing an item of this single write, which therefore did not happen. The SDK does
/// not retry this.
pub(crate) fn is_conflict<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    error.code() == Some(CONFLICT)
}

/// Returns true if the connection broke during the call, so that the process of the store may have ended.
pub(crate) fn broke_off<E>(error: &SdkError<E>) -> bool {
    match error {
        SdkError::DispatchFailure(failure) => !failure.is_timeout(),
        SdkError::ResponseError(_) => true,
        _ => false,
    }
}

/// Returns [`Error::Internal`] for a defect, which clients should not send again, and [`Error::Unavailable`] for
/// anything else. The text is for the log; no client sees it.
pub(crate) fn fault<E>(error: &SdkError<E>) -> Error
where
    E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    let text = DisplayErrorContext(error).to_string();
    if is_defect(error) { Error::Internal(text) } else { Error::Unavailable(text) }
}

/// Returns [`Error::Internal`] for a request that lacks a part.
pub(crate) fn incomplete(error: impl std::fmt::Display) -> Error {
    Error::Internal(format!("incomplete request: {error}"))
}
