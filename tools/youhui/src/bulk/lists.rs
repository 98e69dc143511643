//! A group of rows that is sent as one list. Refused rows are left out, and the rest is sent again.

use http::Method;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use shared::shop::operators::transfers;

use super::{
    BulkError,
    kind::{Sender, Verdict},
    row_identity::{MENDED, RowIdentity},
    rows::Row,
    shop_api::Answer,
};

/// The error of rows whose group was carried out under the same key with other rows left out.
const LOST: &str = "Some rows of this group were done before, and it is not known which, so none is done again. Look \
    in the shop for those that are missing, and put them into a file of their own.";

/// The way in which lists are sent.
pub(super) struct Lists {
    pub(super) path: &'static str,
    /// True if sending a row again would duplicate it. Then a group keeps one idempotency key for whatever rows remain,
    /// the table stores which rows are left out before the rest is sent, and the group is not divided. A corrected row
    /// has a key of its own, because it may be in several files.
    pub(super) counts: bool,
}

/// A group that is being sent.
struct Work<'a> {
    sender: &'a Sender<'a>,
    first: u64,
    rows: &'a [(&'a Row, Value)],
    verdicts: Vec<Option<Verdict>>,
}

impl Lists {
    /// Sends the rows of a group, each with its body, and returns their results.
    pub(super) async fn send(
        &self,
        sender: &Sender<'_>,
        first: u64,
        rows: &[(&Row, Value)],
    ) -> Result<Vec<Verdict>, BulkError> {
        let verdicts = rows.iter().map(|_| None).collect();
        let mut work = Work { sender, first, rows, verdicts };
        let mut lists = Vec::new();
        if self.counts {
            work.leave_out_again().await?;
            lists.extend(work.mended());
        }
        lists.push(self.open(&work));
        while let Some(list) = lists.pop() {
            if !list.is_empty() {
                lists.extend(self.send_list(&mut work, list).await?);
            }
        }
        let undecided = || Verdict::Refused(Value::Object(Map::new()));
        Ok(work.verdicts.into_iter().map(|verdict| verdict.unwrap_or_else(undecided)).collect())
    }

    /// Sends some rows of a group, given by their indices. Returns the lists to send next.
    async fn send_list(&self, work: &mut Work<'_>, list: Vec<usize>) -> Result<Vec<Vec<usize>>, BulkError> {
        let body = list.iter().map(|index| work.rows[*index].1.clone()).collect();
        let mended = self.mended(work, &list);
        let (is_mended, key) = (mended.is_some(), self.key(work, &list, mended));
        let answer = work.sender.api.send(Method::POST, self.path, Some(&key), &body).await?;
        match read(answer, list.len()) {
            Read::Done(replies) => {
                for (index, reply) in list.into_iter().zip(replies) {
                    work.verdicts[index] = Some(Verdict::Done(reply));
                }
                Ok(Vec::new())
            }
            Read::Rows(errors) => {
                let wrong = list.iter().copied().zip(errors).filter(|(_, errors)| is_wrong(errors));
                let wrong: Vec<_> = wrong.collect();
                work.refuse(wrong);
                if self.counts && !is_mended {
                    work.note_refused().await?;
                }
                Ok(vec![list.into_iter().filter(|index| work.verdicts[*index].is_none()).collect()])
            }
            // Another process transfers the same file. It was first and left other rows out.
            Read::OtherRows if self.counts && !is_mended && work.leave_out_again().await? => Ok(vec![self.open(work)]),
            Read::Whole(_) if list.len() > 1 && !self.counts => {
                let (one, other) = list.split_at(list.len() / 2);
                Ok(vec![other.to_vec(), one.to_vec()])
            }
            Read::OtherRows => {
                let why = if is_mended { MENDED } else { LOST };
                work.refuse(list.into_iter().map(|index| (index, json!({ "detail": why }))));
                Ok(Vec::new())
            }
            Read::Whole(errors) => {
                work.refuse(list.into_iter().map(|index| (index, errors.clone())));
                Ok(Vec::new())
            }
        }
    }

    /// Returns the rows without a result that are sent as one list.
    fn open(&self, work: &Work<'_>) -> Vec<usize> {
        let goes_alone = |index: &usize| self.counts && work.is_mended(*index);
        work.open().filter(|index| !goes_alone(index)).collect()
    }

    /// Returns the identity of a list that consists of one corrected row.
    fn mended<'a>(&self, work: &Work<'a>, list: &[usize]) -> Option<&'a RowIdentity> {
        let [index] = list else { return None };
        work.rows[*index].0.first.as_ref().filter(|_| self.counts)
    }

    /// Returns the idempotency key of a list. If rows must not be duplicated, it is the key of the group or of the
    /// corrected row. Otherwise it is a key of exactly these rows.
    fn key(&self, work: &Work<'_>, list: &[usize], mended: Option<&RowIdentity>) -> String {
        if let Some(row) = mended {
            // A key that ends with the number belongs to a group.
            return format!("{row}/mended");
        }
        let (transfer, first) = (work.sender.transfer, work.first);
        if self.counts || list.len() == work.rows.len() {
            return format!("{transfer}/{first}");
        }
        let numbers: Vec<_> = list.iter().flat_map(|index| work.rows[*index].0.number.to_be_bytes()).collect();
        format!("{transfer}/{first}/{:x}", Sha256::digest(numbers))
    }
}

impl Work<'_> {
    /// Returns the indices of the rows without a result.
    fn open(&self) -> impl Iterator<Item = usize> {
        (0..self.rows.len()).filter(|index| self.verdicts[*index].is_none())
    }

    fn is_mended(&self, index: usize) -> bool {
        self.rows[index].0.first.is_some()
    }

    /// Returns the corrected rows without a result, each as a list.
    fn mended(&self) -> impl Iterator<Item = Vec<usize>> {
        self.open().filter(|index| self.is_mended(*index)).map(|index| vec![index])
    }

    fn refuse(&mut self, errors: impl IntoIterator<Item = (usize, Value)>) {
        errors.into_iter().for_each(|(index, errors)| self.verdicts[index] = Some(Verdict::Refused(errors)));
    }

    /// Refuses the rows that an earlier run of this group left out. Returns true if some of them had no result yet.
    async fn leave_out_again(&mut self) -> Result<bool, BulkError> {
        let api = self.sender.api;
        let before = self.open().count();
        for (number, errors) in transfers::left_out(&api.store, &api.shop.id, self.sender.transfer, self.first).await? {
            let index = self.rows.iter().position(|(row, _)| row.number == number);
            let errors = serde_json::from_str(&errors).unwrap_or(Value::String(errors));
            self.refuse(index.map(|index| (index, errors)));
        }
        Ok(self.open().count() < before)
    }

    /// Stores which rows of the group are left out from here on.
    async fn note_refused(&self) -> Result<(), BulkError> {
        let refused = self.rows.iter().zip(&self.verdicts).filter_map(|((row, _), verdict)| match verdict {
            Some(Verdict::Refused(errors)) => Some((row.number, errors.to_string())),
            _ => None,
        });
        let api = self.sender.api;
        let group = (self.sender.transfer, self.first);
        Ok(transfers::leave_out(&api.store, &api.shop.id, group, refused.collect()).await?)
    }
}

fn is_wrong(errors: &Value) -> bool {
    errors.as_object().is_none_or(|errors| !errors.is_empty())
}

/// The meaning of an answer for a list.
enum Read {
    /// All rows are done. The replies are in the order of the rows.
    Done(Vec<Value>),
    /// The errors of the rows, in their order. An empty error means that the row is right.
    Rows(Vec<Value>),
    /// The idempotency key was used for other rows.
    OtherRows,
    /// The list is refused as a whole.
    Whole(Value),
}

fn read(answer: Answer, rows: usize) -> Read {
    match (answer.status, answer.body) {
        (201, mut body) => match body["results"].take() {
            Value::Array(replies) if replies.len() == rows => Read::Done(replies),
            // All rows were created; some were deleted before the answer.
            _ => Read::Done(vec![Value::Null; rows]),
        },
        (400, Value::Array(errors)) if errors.len() == rows && errors.iter().any(is_wrong) => Read::Rows(errors),
        (422, _) => Read::OtherRows,
        (_, errors) => Read::Whole(errors),
    }
}
