/** Rows of anything: a table where there is room, cards on a phone. Said once, as columns. */

import type { ReactNode } from "react";
import { useIsPhone } from "./useIsPhone";

/** `wide`: a line of its own on a card; `bare`: there without its name; `num`: figures, flush right in the table. */
export interface Column<T> {
  name: string;
  cell: (row: T) => ReactNode;
  wide?: boolean;
  bare?: boolean;
  num?: boolean;
}

interface Props<T> {
  label: string;
  rows: readonly T[];
  columns: readonly Column<T>[];
  keyOf: (row: T) => string | number;
}

function Table<T>({ label, rows, columns, keyOf }: Props<T>) {
  return (
    <div className="table-scroll" tabIndex={0} role="region" aria-label={label}>
      <table className="table">
        <thead>
          <tr>{columns.map(({ name, num }) => <th key={name} scope="col" className={num ? "num" : undefined}>{name}</th>)}</tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)} data-row={keyOf(row)}>
              {columns.map(({ name, num, cell }) => <td key={name} className={num ? "num" : undefined}>{cell(row)}</td>)}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Cards<T>({ label, rows, columns: [head, ...columns], keyOf }: Props<T>) {
  const pairs = columns.filter((column) => !column.bare);
  return (
    <ul className="cards inside" aria-label={label}>
      {rows.map((row) => (
        <li key={keyOf(row)} className="item" data-row={keyOf(row)}>
          <div>{head?.cell(row)}</div>
          <dl className="pairs">
            {pairs.map(({ name, cell, wide }) => <div key={name} className={wide ? "wide" : undefined}><dt>{name}</dt><dd>{cell(row)}</dd></div>)}
          </dl>
          {columns.filter((column) => column.bare).map(({ name, cell }) => <div key={name}>{cell(row)}</div>)}
        </li>
      ))}
    </ul>
  );
}

export function Listing<T>(props: Props<T>) {
  return useIsPhone() ? <Cards {...props} /> : <Table {...props} />;
}
