// Messages of the API in plainer English. Other messages are shown as they were sent.

/**
 * Patterns of technical messages of the API, and the texts that are shown; `$1` is the part that the pattern caught.
 */
export const apiMessages = [
  [/^Invalid pk "(.*)" - object does not exist\.$/, "There is no $1."],
  [/^Enter a valid "slug"/, "Use letters, digits, _ and - only."],
  [/^Incorrect type\. Expected pk value/, "Enter an id."],
  [/^Datetime has wrong format/, "A day, with its whole year, and a time are needed, or neither."],
  [/^Ensure this is after starts_at\.$/, "The end must be after the beginning."],
];
