// What the API says, in plainer English. What is not here is shown as it was sent.

/** What the API says in the words of programmers, and how it is said here; `$1` is what the pattern caught. */
export const apiMessages = [
  [/^Invalid pk "(.*)" - object does not exist\.$/, "There is no $1."],
  [/^Enter a valid "slug"/, "Use letters, digits, _ and - only."],
  [/^Incorrect type\. Expected pk value/, "Enter an id."],
  [/^Datetime has wrong format/, "A day, with its whole year, and a time are needed, or neither."],
  [/^Ensure this is after starts_at\.$/, "The end must be after the beginning."],
];
