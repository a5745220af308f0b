/** The books as the sum that they are: what was acknowledged, and where every reading of it went. */

import type { Books } from "../../api/telemetryTypes";
import { Card } from "../../components/Card";
import { useFormat } from "../../format/useFormat";
import { useWords } from "../../i18n";
import { KEPT, sumOf } from "./rules";

function Term({ sign, name, help, value }: { sign: string; name: string; help: string; value: number }) {
  const format = useFormat();
  return (
    <div className="term" data-zero={value === 0}>
      <dt>{name}</dt>
      <dd className="figure"><span className="sign" aria-hidden="true">{sign}</span>{format.number(value)}</dd>
      <dd className="muted small">{help}</dd>
    </div>
  );
}

export function BooksBalance({ books }: { books: Books }) {
  const { overview } = useWords().telemetry;
  const format = useFormat();
  const off = books.acknowledged - sumOf(books);
  const told = off === 0 ? overview.balance(format.number(books.acknowledged)) : overview.off(format.number(off));
  return (
    <Card title={overview.books} hint={told}>
      <dl className="terms">
        <div className="term total"><dt>{overview.acknowledged}</dt><dd className="figure">{format.number(books.acknowledged)}</dd></div>
        {KEPT.map((name, i) => <Term key={name} sign={i === 0 ? "=" : "+"} name={overview[name]} help={overview.help[name]} value={books[name]} />)}
        {books.replayed > 0 && <Term sign="−" name={overview.replayed} help={overview.help.replayed} value={books.replayed} />}
      </dl>
    </Card>
  );
}
