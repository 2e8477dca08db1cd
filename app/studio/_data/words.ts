/** The words for a poll's rules in the studio's forms. For browser and server. */

export const resultsTo = {
  everyone: "Everyone, even before voting",
  voters: "Readers who have voted; everyone after the poll closes",
  after_close: "Everyone, after the poll closes",
  from_date: "Everyone, from a set date",
  staff: "Editors only",
  nobody: "No one, not even editors",
};

export const resultsAs = {
  both: "Percentages and vote counts",
  percentages: "Percentages only",
  counts: "Vote counts only",
};

export const afterVote = {
  results: "The results, or why they are hidden",
  thanks: "A thank-you message",
  text: "Your own text",
  link: "A link",
};

export const mayChange = {
  no: "No, the first vote counts",
  yes: "Yes, or withdraw it, while the poll is open",
};

export const listed = {
  yes: "In the public list and its search",
  no: "Only by its address; not in the list, and hidden from search engines",
};

export const lane = {
  high: "Before other polls",
  normal: "In turn with other polls",
  low: "After other polls",
};

export const waysToVote = {
  one: "Choose one option",
  several: "Choose several options",
  ranked: "Rank the options (instant-runoff and points)",
  rating: "Grade each option from 1 to 5",
};

/** What the groups of fields are called (`groupOf`). */
export const fieldLabels: Readonly<Record<string, string>> = {
  question: "Question",
  description: "Explanation",
  options: "Options",
  optionOrder: "Random order",
  choices: "How readers vote",
  opensAt: "Opens",
  closesAt: "Closes",
  language: "Language of buttons and messages",
  resultsTo: "Show the results to",
  resultsFrom: "Show the results from",
  resultsAs: "Show the results as",
  afterVote: "Readers who have voted see",
  afterVoteText: "Text after voting",
  afterVoteLink: "Link after voting",
  mayChange: "Readers may change their vote",
  listed: "Readers find the poll",
  lane: "Accept this poll’s votes",
};
