/** The record of an order as people read it: steps that somebody took, and the many small updates of its forecast folded. */

import type { AuditRow } from "../api/orderTypes";
import type { SiteFormat } from "../format/useFormat";
import type { Words } from "../i18n/en";

/** `status: APPR, order_by_us: 1796` -> pairs. Text without a pair gives none. */
export function pairs(detail: string): [string, string][] {
  return detail.split(/, (?=[a-z][a-z0-9_]*: )/).map((part): [string, string] => {
    const at = part.indexOf(": ");
    return at < 0 ? ["", part] : [part.slice(0, at), part.slice(at + 2)];
  }).filter(([key]) => key !== "");
}

type Reader = (value: string, format: SiteFormat, words: Words) => [string, string] | null;

const number = (value: string) => (value === "None" || Number.isNaN(Number(value)) ? null : Number(value));
const measured = (name: (words: Words) => string, show: (value: number, format: SiteFormat) => string): Reader =>
  (value, format, words) => {
    const found = number(value);
    return found === null ? null : [name(words), show(found, format)];
  };
const dated = (name: (words: Words) => string) => measured(name, (us, format) => format.shortDateTime(us / 1000));

/** What a planner wants to read of a change; everything else stays in the audit log. */
const READERS: Record<string, Reader> = {
  status: (value, _, words) => [words.orders.status, words.statuses[value as keyof Words["statuses"]] ?? value],
  priority: (value, _, words) => [words.orders.priority, value],
  order_by_us: dated((words) => words.orders.orderBy),
  start_by_us: dated((words) => words.orders.startBy),
  rul_p50_h: measured((words) => words.orders.p50, (hours, format) => format.life(hours)),
  win_probability: measured((words) => words.orders.win, (share, format) => format.percent(share)),
  verification: (value, _, words) => [words.order.verification, words.verifications[value] ?? value],
  driver: (value, format, words) => [words.orders.fault, format.fault(value)],
  note: (value, _, words) => [words.order.noteName, value],
  report: (value, _, words) => {
    const note = /['"]note['"]: (['"])(.*)\1/.exec(value)?.[2];
    return note ? [words.order.noteName, note] : null;
  },
};

/** Names and values in the reader's words; the text itself when it holds no pairs. */
export function readDetail(detail: string, format: SiteFormat, words: Words): string {
  const found = pairs(detail);
  if (found.length === 0) return detail;
  const told = found.map(([key, value]) => READERS[key]?.(value, format, words)).filter((one) => one != null);
  return told.map(([name, value]) => `${name}: ${value}`).join(" · ");
}

export function actionText(action: string, words: Words): string {
  return words.recordActions[action] ?? words.statuses[action as keyof Words["statuses"]] ?? action;
}

/** Newest first: the newest entry and every step that was more than an update. */
export function significant(history: AuditRow[]): AuditRow[] {
  return history.filter((entry, i) => entry.action !== "updated" || i === history.length - 1).reverse();
}
