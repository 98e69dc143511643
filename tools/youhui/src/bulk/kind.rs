//! The kinds of transfers: what each kind sends, and the files that it writes.

use std::path::PathBuf;

use serde_json::Value;

use super::{
    BulkError, Format, at, columns::Table, groups::OnlyOnce, output::Shape, refusals::is_errors_file, rows::Row,
    shop_api::ShopApi, source::Source,
};
use crate::part_file::is_there;

/// The result of a row.
#[derive(Debug)]
pub(super) enum Verdict {
    /// The row is in the shop. Holds the reply of the API.
    Done(Value),
    /// The row was refused. Holds the error of the API.
    Refused(Value),
}

/// The kind of a transfer: an import of one kind of rows, or an issue.
pub(super) trait Kind {
    /// Returns the columns of the file.
    fn table(&self) -> &'static Table;
    /// Returns the name of the kind in the journal and in the table.
    fn of(&self) -> String;
    /// Returns the most rows of one group.
    fn most(&self) -> usize;
    /// Returns the number of groups that are sent at the same time.
    fn at_once(&self) -> usize;
    /// Returns the column whose value only one row may have, if there is one.
    fn only_once(&self) -> Option<OnlyOnce> {
        None
    }
    /// Returns true if sending accepted rows again, with other rows, changes nothing.
    fn is_repeatable(&self) -> bool;
    /// Sends rows that could be read. The results are in the order of the rows.
    async fn send(&self, sender: &Sender<'_>, first: u64, rows: &[Row]) -> Result<Vec<Verdict>, BulkError>;
}

/// The connection of a transfer: the API and the prefix of its idempotency keys.
pub(super) struct Sender<'a> {
    pub(super) api: &'a ShopApi,
    /// The id of the transfer, with which the idempotency keys begin.
    pub(super) transfer: &'a str,
}

/// The files that a transfer writes.
#[derive(Debug, Clone)]
pub(super) struct Places {
    /// The path of the journal; `None` for standard input.
    pub(super) journal: Option<PathBuf>,
    pub(super) errors: PathBuf,
    /// The flag that changes the path of the errors file.
    pub(super) errors_by: &'static str,
    /// The file for the replies of the API, as rows.
    pub(super) output: Option<(PathBuf, Shape)>,
}

impl Places {
    /// Refuses missing folders, and an errors path at which another kind of file exists.
    pub(super) fn check(&self, source: &Source) -> Result<(), BulkError> {
        let errors = &self.errors;
        for path in std::iter::once(errors).chain(self.output.iter().map(|(path, _)| path)) {
            if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.is_dir()) {
                return Err(BulkError::File {
                    path: folder.to_owned(),
                    what: "there is no such folder; create it, or give another path".to_owned(),
                });
            }
        }
        let is_compressed = errors.extension().is_some_and(|extension| extension == "gz");
        if is_compressed || Format::of_name(errors).is_some_and(|format| format != source.format) {
            let what =
                format!("refused rows are written in the format of the input: name it .{}", source.format.extension());
            return Err(BulkError::File { path: errors.clone(), what });
        }
        let Ok(place) = errors.canonicalize() else { return Ok(()) };
        if source.path.canonicalize().is_ok_and(|input| input == place) {
            let what = format!("this is the file that is read: give another {}", self.errors_by);
            return Err(BulkError::File { path: errors.clone(), what });
        }
        match place.is_file() && is_errors_file(&place).map_err(at(errors))? {
            true => Ok(()),
            false => Err(at(errors)(is_there(self.errors_by))),
        }
    }
}
