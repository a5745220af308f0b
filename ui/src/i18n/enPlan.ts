/** Words of the planner's page. */

export const plan = {
  title: "Plan", lead: "Who does what when, what waits, and for whom.", sectionsLabel: "Parts of the plan",
  sections: { week: "Week", held: "Held back", waiting: "Waiting for others" },
  weekHint: "Approved orders, by day. A new plan is proposed first and changes nothing until you put it into force.",
  propose: "Plan the next 7 days", publish: "Put into force", working: "Planning takes up to 10 s", failed: "This did not work",
  stale: "Somebody changed the schedule meanwhile. Plan again.",
  noPeople: "Nobody to plan for yet", noPeopleHint: "Import technicians with their skills and shifts: forewarn people import FILE, or a table of people.",
  nothingPlanned: "Nothing is planned", nothingPlannedHint: "Approve orders, then plan the next 7 days.",
  jobs: "Jobs", leftOut: (n: number) => `${n} without a place`, left: "Without a place", lateness: "Lateness", latenessHelp: "Hours after the due time, weighted by priority: an hour of priority 1 counts 16, of priority 5 counts 1.",
  greedy: (n: string) => `by priority alone: ${n}`, gap: "At most above the best", noGap: "not known", took: (s: string) => `planned in ${s}`, changes: "Seen by people and moved",
  seen: "has seen it", unseen: "has not seen it yet",
  heldHint: "Forewarn's advice that opened no order, and why. You can open it all the same.", nothingHeld: "Nothing is held back", nothingHeldHint: "Advice waits here while a class of machines has not earned opening orders, the week's budget is spent, or a maintenance window stands.",
  why: "Why it waits", since: (when: string) => `first ${when}`, until: (when: string) => `looked at again ${when}`, openOrder: "Open the order",
  waitingHint: "Steps of production, safety and purchasing that open orders need, the first due first.", nobodyWaited: "Nobody is waited for", nobodyWaitedHint: "Steps are asked for on the page of an order.",
  department: "Department", whatFor: "What", due: "Due", effect: "Effect on the order", inTime: "in time",
};
