//! A group of rows as one list: what is refused of it is left out, and the rest is sent again.

use http::Method;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::{
    BulkError,
    rows::Row,
    shop_api::Answer,
    transfer::{Desk, Verdict},
};

/// What is said of rows that count, where it is not known any more which of their group were done.
const LOST: &str =
    "An earlier run carried out a part of these rows, and its .progress file is gone: none is done again.";

/// Where lists go, and how.
pub(super) struct Lists {
    pub(super) path: &'static str,
    /// Whether rows that are done twice are there twice. Then a group has one key for whatever is left of it, and what it goes
    /// without is noted before; and it is not divided.
    pub(super) counts: bool,
}

impl Lists {
    /// Sends the rows, each with its body.
    pub(super) async fn send(
        &self,
        desk: &Desk<'_>,
        first: u64,
        rows: &[(&Row, Value)],
    ) -> Result<Vec<Verdict>, BulkError> {
        let mut verdicts: Vec<Option<Verdict>> = rows.iter().map(|_| None).collect();
        let left_out = desk.journal().left_out(first).map(<[_]>::to_vec).unwrap_or_default();
        for (number, errors) in left_out {
            if let Some(index) = rows.iter().position(|(row, _)| row.number == number) {
                verdicts[index] = Some(Verdict::Refused(errors));
            }
        }
        let open: Vec<usize> = (0..rows.len()).filter(|index| verdicts[*index].is_none()).collect();
        let mut lists = vec![open];
        while let Some(list) = lists.pop() {
            if list.is_empty() {
                continue;
            }
            let body = list.iter().map(|index| rows[*index].1.clone()).collect();
            let numbers: Vec<_> = list.iter().map(|index| rows[*index].0.number).collect();
            let answer = desk.api.send(Method::POST, self.path, Some(&self.key(desk, first, &numbers)), &body).await?;
            match read(answer, list.len()) {
                Read::Done(replies) => {
                    list.iter().zip(replies).for_each(|(index, reply)| verdicts[*index] = Some(Verdict::Done(reply)));
                }
                Read::Rows(errors) => {
                    let refused = |errors: &Value| errors.as_object().is_none_or(|errors| !errors.is_empty());
                    let bad = numbers.iter().copied().zip(errors.clone()).filter(|(_, errors)| refused(errors));
                    if self.counts {
                        let bad: Vec<_> =
                            desk.journal().left_out(first).into_iter().flatten().cloned().chain(bad).collect();
                        desk.journal().leave_out(first, bad)?;
                    }
                    let mut rest = Vec::new();
                    for (index, errors) in list.into_iter().zip(errors) {
                        match refused(&errors) {
                            true => verdicts[index] = Some(Verdict::Refused(errors)),
                            false => rest.push(index),
                        }
                    }
                    lists.push(rest);
                }
                Read::Whole(_) if list.len() > 1 && !self.counts => {
                    let (one, other) = list.split_at(list.len() / 2);
                    lists.extend([other.to_vec(), one.to_vec()]);
                }
                Read::Whole(errors) => {
                    list.iter().for_each(|index| verdicts[*index] = Some(Verdict::Refused(errors.clone())));
                }
            }
        }
        let undecided = || Verdict::Refused(Value::Object(Map::new()));
        Ok(verdicts.into_iter().map(|verdict| verdict.unwrap_or_else(undecided)).collect())
    }

    /// Where rows count, the group's; else that of just these rows of the group.
    fn key(&self, desk: &Desk<'_>, first: u64, numbers: &[u64]) -> String {
        match numbers {
            _ if self.counts => format!("{}/{first}", desk.transfer),
            [from, .., to] if to - from + 1 == numbers.len() as u64 => format!("{}/{from}-{to}", desk.transfer),
            _ => {
                let text: Vec<_> = numbers.iter().flat_map(|number| number.to_be_bytes()).collect();
                format!("{}/{first}/{:x}", desk.transfer, Sha256::digest(text))
            }
        }
    }
}

/// What an answer says of a list.
enum Read {
    /// All of it is done, row by row.
    Done(Vec<Value>),
    /// Errors row by row; those that are empty say that nothing is wrong.
    Rows(Vec<Value>),
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
        (400, Value::Array(errors))
            if errors.len() == rows && errors.iter().any(|error| error != &Value::Object(Map::new())) =>
        {
            Read::Rows(errors)
        }
        // The group's key was used for another choice of its rows.
        (422, _) => Read::Whole(json!({ "detail": LOST })),
        (_, errors) => Read::Whole(errors),
    }
}
