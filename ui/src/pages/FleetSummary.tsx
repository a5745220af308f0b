/** The strip above the board: machines by state (each a filter), open orders, readings per second, the books. */

import { Drawer } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { Link } from "wouter";
import type { AssetRow, CountsOut, Overview } from "../api/types";
import { StateGlyph, STATES } from "../components/State";
import { useFormat } from "../format/useFormat";
import { useWords } from "../i18n";

const KEPT = ["stored", "duplicates", "conflicts", "quarantined", "summarised"] as const;

/** Acknowledged readings that are in none of the books; what came a second time by reading again counts once. */
export function difference(counts: CountsOut): number {
  return counts.acked - KEPT.reduce((sum, name) => sum + counts[name], -counts.replayed);
}

function BooksTable({ counts }: { counts: CountsOut }) {
  const words = useWords();
  const format = useFormat();
  const off = difference(counts);
  return (
    <>
      <p className="muted">{words.books.intro}</p>
      <table className="books-table">
        <tbody>
          {KEPT.map((name) => (
            <tr key={name}><td>{words.books[name]}</td><td>{format.number(counts[name])}</td></tr>
          ))}
          {counts.replayed > 0 && <tr><td>{words.books.replayed}</td><td>−{format.number(counts.replayed)}</td></tr>}
          <tr className="total"><td>{words.books.sum}</td><td>{format.number(counts.acked - off)}</td></tr>
          <tr className="total"><td>{words.books.acked}</td><td>{format.number(counts.acked)}</td></tr>
        </tbody>
      </table>
      <div className="notice" data-tone={off === 0 ? "normal" : "alert"} role="status">
        <b>{off === 0 ? words.books.balanced : words.books.off(format.number(off))}</b>
      </div>
    </>
  );
}

function Books({ counts }: { counts: CountsOut }) {
  const words = useWords();
  const format = useFormat();
  const off = difference(counts);
  const [opened, { open, close }] = useDisclosure(false);
  return (
    <>
      <button type="button" className="tile wide" onClick={open} aria-haspopup="dialog">
        <span className="name">{words.fleet.books}: {off === 0 ? words.books.inBalance : words.books.onTheWay(format.number(off))}</span>
        <span className="figure">{format.number(counts.acked)}</span>
      </button>
      <Drawer opened={opened} onClose={close} position="right" title={<b>{words.books.title}</b>}
        closeButtonProps={{ "aria-label": words.common.close }}>
        <BooksTable counts={counts} />
      </Drawer>
    </>
  );
}

interface Props {
  overview: Overview;
  assets: AssetRow[];
  state: string | null;
  onState: (state: string | null) => void;
}

export function FleetSummary({ overview, assets, state: chosen, onState }: Props) {
  const words = useWords();
  const format = useFormat();
  return (
    <div className="summary" role="group" aria-label={words.fleet.byState}>
      {STATES.map((state) => {
        const count = assets.filter((asset) => asset.state === state).length; // of the rows below, never out of step
        return (
          <button key={state} type="button" className="tile" data-zero={count === 0} aria-pressed={chosen === state}
            title={words.stateHelp[state]} onClick={() => onState(chosen === state ? null : state)}>
            <span className="name"><StateGlyph state={state} />{words.states[state]}</span>
            <span className="figure">{count}</span>
          </button>
        );
      })}
      <Link href="/orders" className="tile">
        <span className="name">{words.fleet.openOrders}</span>
        <span className="figure">{overview.open_orders}</span>
      </Link>
      <div className="tile wide">
        <span className="name">{words.fleet.readings}</span>
        <span className="figure">{format.number(Math.round(overview.readings_per_s))} <small>{words.common.perSecond}</small></span>
      </div>
      <Books counts={overview.counts} />
    </div>
  );
}
