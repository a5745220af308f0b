/** Words of readings that people enter. */

export const readings = {
  open: "Enter readings", title: "Enter readings", what: "What was read", round: (name: string) => `Round: ${name}`, other: "another signal",
  signal: "Signal", choose: "choose a signal",
  due: (round: string) => `Round due: ${round}`, dueSince: (since: string) => `since ${since}`, never: "never made so far",
  expected: (low: string, high: string) => `expected ${low} to ${high}`, from: (low: string) => `expected ${low} or more`, upTo: (high: string) => `expected ${high} or less`,
  last: (value: string, when: string) => `last ${value}, ${when}`, noLast: "no value yet",
  at: "When", atHelp: (zone: string) => `Empty: now. Time of the site (${zone})`,
  note: "Note", noteHelp: "For the record: sample number, instrument, what was wrong before",
  store: "Store", noNumber: "A number is needed", nothing: "Enter at least one value",
  doubtTitle: "Is this right?", confirm: "It is right: store it", failed: "Not stored",
  done: (count: number, when: string) => (count === 1 ? `One reading of ${when} is stored` : `${count} readings of ${when} are stored`),
  already: "it had been entered before", more: "Enter more", close: "Close",
};
