/** The fleet board: what needs attention, worst first. */

import { Button, NativeSelect, TextInput } from "@mantine/core";
import { useMemo } from "react";
import { Link, useSearchParams } from "wouter";
import { useAssets, useOrders, useOverview } from "../api/queries";
import type { OrderRow } from "../api/orderTypes";
import type { AssetRow, Overview } from "../api/types";
import { Answer, Empty } from "../components/Feedback";
import { Health, Life, LikelyFault, OrderChips, SensorChip } from "../components/Machine";
import { StateBadge } from "../components/State";
import { useIsPhone } from "../components/useIsPhone";
import { useTitle } from "../components/useTitle";
import { useFormat } from "../format/useFormat";
import { useWords } from "../i18n";
import { FleetSummary } from "./FleetSummary";
import { matches, needsAttention, worstFirst, type FleetFilter } from "./fleetOrder";

type OpenOrders = ReadonlyMap<string, OrderRow>;

interface MachinesProps {
  assets: AssetRow[];
  orders: OpenOrders;
}

/** The open orders by number; the live stream keeps them as they are. */
function useOpenOrders(): OpenOrders {
  const { data } = useOrders({ open: true });
  return useMemo(() => new Map((data ?? []).map((order) => [order.number, order])), [data]);
}

function Place({ asset }: { asset: AssetRow }) {
  const words = useWords();
  return <div className="sub muted small">{[asset.area, words.fleet.criticality(asset.criticality)].join(" · ")}</div>;
}

function MachineTable({ assets, orders }: MachinesProps) {
  const words = useWords();
  const format = useFormat();
  const assessed = (asset: AssetRow) =>
    asset.assessed_at ? words.fleet.assessed(format.since(asset.assessed_at)) : words.fleet.notAssessed;
  return (
    <section className="card fleet">
      <div className="table-scroll">
        <table className="table">
          <thead>
            <tr>
              <th scope="col">{words.fleet.machine}</th>
              <th scope="col">{words.fleet.state}</th>
              <th scope="col">{words.fleet.health} (0–100)</th>
              <th scope="col">{words.fleet.fault}</th>
              <th scope="col">{words.fleet.life}</th>
              <th scope="col">{words.fleet.order}</th>
            </tr>
          </thead>
          <tbody>
            {assets.map((asset) => (
              <tr key={asset.id} className="linked" data-asset={asset.id} title={assessed(asset)}>
                <td className="machine">
                  <Link href={`/assets/${asset.id}`} className="row-link">{asset.name}</Link>
                  <Place asset={asset} />
                </td>
                <td><StateBadge state={asset.state} /></td>
                <td className="bar-cell"><Health asset={asset} /></td>
                <td><LikelyFault asset={asset} /></td>
                <td><Life rul={asset.rul} /></td>
                <td><div className="row"><OrderChips numbers={asset.open_orders} orders={orders} /><SensorChip problems={asset.sensor_problems} /></div></td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function MachineCard({ asset, orders }: { asset: AssetRow; orders: OpenOrders }) {
  const words = useWords();
  const hasChips = asset.open_orders.length + asset.sensor_problems.length > 0;
  return (
    <li className="item" data-asset={asset.id} data-tone={asset.state}>
      <div className="item-head">
        <div>
          <Link href={`/assets/${asset.id}`} className="row-link">{asset.name}</Link>
          <Place asset={asset} />
        </div>
        <StateBadge state={asset.state} />
      </div>
      <Health asset={asset} />
      {(asset.fault !== null || asset.rul !== null) && (
        <dl className="pairs">
          <div><dt>{words.fleet.fault}</dt><dd><LikelyFault asset={asset} /></dd></div>
          <div><dt>{words.fleet.life}</dt><dd><Life rul={asset.rul} /></dd></div>
        </dl>
      )}
      {hasChips && <div className="row"><OrderChips numbers={asset.open_orders} orders={orders} /><SensorChip problems={asset.sensor_problems} /></div>}
    </li>
  );
}

function Machines({ assets, orders }: MachinesProps) {
  if (!useIsPhone()) return <MachineTable assets={assets} orders={orders} />;
  return <ul className="cards">{assets.map((asset) => <MachineCard key={asset.id} asset={asset} orders={orders} />)}</ul>;
}

/** The filter lives in the address: a link to "all alarms in the pump house" can be sent. */
function useFleetFilter() {
  const [query, setQuery] = useSearchParams();
  const filter: FleetFilter = { state: query.get("state"), area: query.get("area"), text: query.get("q") ?? "" };
  const set = (key: string, value: string | null) =>
    setQuery((old) => {
      const next = new URLSearchParams(old);
      if (value) next.set(key, value);
      else next.delete(key);
      return next;
    }, { replace: true });
  return { filter, set, clear: () => setQuery({}, { replace: true }) };
}

interface FiltersProps {
  filter: FleetFilter;
  areas: string[];
  shown: string;
  set: (key: string, value: string | null) => void;
  clear: () => void;
}

function Filters({ filter, areas, shown, set, clear }: FiltersProps) {
  const words = useWords();
  const isFiltered = Boolean(filter.state || filter.area || filter.text);
  return (
    <div className="filters" role="search">
      <TextInput
        className="grow" type="search" aria-label={words.fleet.search} placeholder={words.fleet.search}
        value={filter.text} onChange={(event) => set("q", event.currentTarget.value)}
      />
      <NativeSelect
        aria-label={words.fleet.area} value={filter.area ?? ""} onChange={(event) => set("area", event.currentTarget.value)}
        data={[{ value: "", label: words.fleet.anyArea }, ...areas]}
      />
      {isFiltered && <Button variant="subtle" onClick={clear}>{words.fleet.clear}</Button>}
      <span className="end" role="status">{shown}</span>
    </div>
  );
}

function Board({ assets, overview }: { assets: AssetRow[]; overview: Overview | undefined }) {
  const words = useWords();
  const orders = useOpenOrders();
  const { filter, set, clear } = useFleetFilter();
  const areas = [...new Set(assets.map((asset) => asset.area))].sort();
  const shown = assets.filter((asset) => matches(asset, filter)).sort(worstFirst);
  return (
    <>
      <div className="page-head">
        <div>
          <h1>{words.fleet.title}</h1>
          {assets.length > 0 && <p className="lead">{words.fleet.lead(assets.filter(needsAttention).length, assets.length)}</p>}
        </div>
      </div>
      {overview && <FleetSummary overview={overview} assets={assets} state={filter.state} onState={(s) => set("state", s)} />}
      {assets.length > 0 && <Filters {...{ filter, areas, set, clear }} shown={words.fleet.shown(shown.length, assets.length)} />}
      {assets.length === 0 && <section className="card"><Empty title={words.fleet.noMachines} hint={words.fleet.noMachinesHint} /></section>}
      {assets.length > 0 && shown.length === 0 && <section className="card"><Empty title={words.fleet.noMatch} /></section>}
      {shown.length > 0 && <Machines assets={shown} orders={orders} />}
    </>
  );
}

export function FleetPage() {
  const assets = useAssets();
  const { data: overview } = useOverview();
  useTitle(useWords().fleet.title);
  return <Answer query={assets}>{(rows) => <Board assets={rows} overview={overview} />}</Answer>;
}
