//! Messages of field errors.

pub(crate) const REQUIRED: &str = "This field is required.";
pub(crate) const NULL: &str = "This field may not be null.";
pub(crate) const BLANK: &str = "This field may not be blank.";
pub(crate) const NOT_A_STRING: &str = "Not a valid string.";
pub(crate) const NOT_AN_INTEGER: &str = "A valid integer is required.";
pub(crate) const NOT_A_NUMBER: &str = "A valid number is required.";
pub(crate) const NOT_A_BOOLEAN: &str = "Must be a valid boolean.";
pub(crate) const ENTER_A_NUMBER: &str = "Enter a number.";
