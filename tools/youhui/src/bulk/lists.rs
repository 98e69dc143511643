//! A group of rows as one list: what is refused of it is left out, and the rest is sent again.

use http::Method;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use shared::table::transfers;

use super::{
    BulkError,
    first::{First, MENDED},
    rows::Row,
    shop_api::Answer,
    transfer::{Desk, Verdict},
};

/// What is said of rows that count, where it is not known which of their group were done.
const LOST: &str =
    "Some rows of this group were carried out under its key, and it is not known which: none is done again.";

/// Where lists go, and how.
pub(super) struct Lists {
    pub(super) path: &'static str,
    /// Whether rows that are done twice are there twice. Then a group has one key for whatever is left of it, what it goes
    /// without is in the table before the rest is sent, and it is not divided. A row that was mended has a key of its own: it
    /// may stand in several files.
    pub(super) counts: bool,
}

/// A group under way.
struct Work<'a> {
    desk: &'a Desk<'a>,
    first: u64,
    rows: &'a [(&'a Row, Value)],
    verdicts: Vec<Option<Verdict>>,
}

impl Lists {
    /// Sends the rows of a group, each with its body.
    pub(super) async fn send(
        &self,
        desk: &Desk<'_>,
        first: u64,
        rows: &[(&Row, Value)],
    ) -> Result<Vec<Verdict>, BulkError> {
        let verdicts = rows.iter().map(|_| None).collect();
        let mut work = Work { desk, first, rows, verdicts };
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

    /// Sends some rows of a group, by their indices, and answers what is to be sent then.
    async fn send_list(&self, work: &mut Work<'_>, list: Vec<usize>) -> Result<Vec<Vec<usize>>, BulkError> {
        let body = list.iter().map(|index| work.rows[*index].1.clone()).collect();
        let mended = self.mended(work, &list);
        let (is_mended, key) = (mended.is_some(), self.key(work, &list, mended));
        let answer = work.desk.api.send(Method::POST, self.path, Some(&key), &body).await?;
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
            // Another process that moves the same file in left other rows out, and was first.
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

    /// The rows without a verdict that go together.
    fn open(&self, work: &Work<'_>) -> Vec<usize> {
        let goes_alone = |index: &usize| self.counts && work.is_mended(*index);
        work.open().filter(|index| !goes_alone(index)).collect()
    }

    /// Of a list that is a mended row, which row that was first.
    fn mended<'a>(&self, work: &Work<'a>, list: &[usize]) -> Option<&'a First> {
        let [index] = list else { return None };
        work.rows[*index].0.first.as_ref().filter(|_| self.counts)
    }

    /// Where rows count, the group's key, or a mended row's; else that of just these rows of the group.
    fn key(&self, work: &Work<'_>, list: &[usize], mended: Option<&First>) -> String {
        if let Some(row) = mended {
            // The number alone is a group's.
            return format!("{row}/mended");
        }
        let (transfer, first) = (work.desk.transfer, work.first);
        if self.counts || list.len() == work.rows.len() {
            return format!("{transfer}/{first}");
        }
        let numbers: Vec<_> = list.iter().flat_map(|index| work.rows[*index].0.number.to_be_bytes()).collect();
        format!("{transfer}/{first}/{:x}", Sha256::digest(numbers))
    }
}

impl Work<'_> {
    /// The rows without a verdict.
    fn open(&self) -> impl Iterator<Item = usize> {
        (0..self.rows.len()).filter(|index| self.verdicts[*index].is_none())
    }

    fn is_mended(&self, index: usize) -> bool {
        self.rows[index].0.first.is_some()
    }

    /// Those of them that were mended, each a list.
    fn mended(&self) -> impl Iterator<Item = Vec<usize>> {
        self.open().filter(|index| self.is_mended(*index)).map(|index| vec![index])
    }

    fn refuse(&mut self, errors: impl IntoIterator<Item = (usize, Value)>) {
        errors.into_iter().for_each(|(index, errors)| self.verdicts[index] = Some(Verdict::Refused(errors)));
    }

    /// Leaves out what the group went without before. Whether there is more of it than was left out already.
    async fn leave_out_again(&mut self) -> Result<bool, BulkError> {
        let api = self.desk.api;
        let before = self.open().count();
        for (number, errors) in transfers::left_out(&api.store, &api.shop.id, self.desk.transfer, self.first).await? {
            let index = self.rows.iter().position(|(row, _)| row.number == number);
            let errors = serde_json::from_str(&errors).unwrap_or(Value::String(errors));
            self.refuse(index.map(|index| (index, errors)));
        }
        Ok(self.open().count() < before)
    }

    /// Notes what the group goes without from here on.
    async fn note_refused(&self) -> Result<(), BulkError> {
        let refused = self.rows.iter().zip(&self.verdicts).filter_map(|((row, _), verdict)| match verdict {
            Some(Verdict::Refused(errors)) => Some((row.number, errors.to_string())),
            _ => None,
        });
        let api = self.desk.api;
        let group = (self.desk.transfer, self.first);
        Ok(transfers::leave_out(&api.store, &api.shop.id, group, refused.collect()).await?)
    }
}

fn is_wrong(errors: &Value) -> bool {
    errors.as_object().is_none_or(|errors| !errors.is_empty())
}

/// What an answer says of a list.
enum Read {
    /// All of it is done, row by row.
    Done(Vec<Value>),
    /// Errors row by row; those that are empty say that nothing is wrong.
    Rows(Vec<Value>),
    /// Its key stands for other rows.
    OtherRows,
    /// It is refused as a whole.
    Whole(Value),
}

fn read(answer: Answer, rows: usize) -> Read {
    match (answer.status, answer.body) {
        (201, mut body) => match body["results"].take() {
            Value::Array(replies) if replies.len() == rows => Read::Done(replies),
            // Some went between their creation and the answer: they were made.
            _ => Read::Done(vec![Value::Null; rows]),
        },
        (400, Value::Array(errors)) if errors.len() == rows && errors.iter().any(is_wrong) => Read::Rows(errors),
        (422, _) => Read::OtherRows,
        (_, errors) => Read::Whole(errors),
    }
}
