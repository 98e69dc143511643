//! Progress bars of the commands.

use indicatif::ProgressStyle;

use super::CliError;

/// Returns the style of a progress bar with this template.
pub(super) fn style(template: &str) -> Result<ProgressStyle, CliError> {
    ProgressStyle::with_template(template).map_err(|error| CliError::Io(std::io::Error::other(error)))
}
