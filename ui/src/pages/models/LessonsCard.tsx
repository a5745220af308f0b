/** What closed orders taught the diagnosis, and by how much: physics alone beside physics with what was found. */

import { useLessons } from "../../api/models";
import type { FactorOut, LessonsOut, SkillOut } from "../../api/modelTypes";
import { Card, Facts } from "../../components/Card";
import { Answer, Empty } from "../../components/Feedback";
import { Listing, type Column } from "../../components/Listing";
import { useFormat } from "../../format/useFormat";
import { useWords } from "../../i18n";
import { Figure } from "./Figure";

const SHOWN = 8;

function useColumns(): Column<FactorOut>[] {
  const { lessons } = useWords().models;
  const format = useFormat();
  return [
    { name: lessons.mechanism, cell: (row) => format.fault(`:${row.mechanism}`) },
    { name: lessons.assetClass, cell: (row) => row.asset_class },
    { name: lessons.odds, cell: (row) => lessons.times(format.number(Math.round(row.factor * 100) / 100)), num: true },
  ];
}

function Told({ told, physics, with_orders: taught }: { told: LessonsOut; physics: SkillOut; with_orders: SkillOut }) {
  const { lessons } = useWords().models;
  const format = useFormat();
  const columns = useColumns();
  const loss = (of: SkillOut) => format.number(Math.round(of.log_loss * 1000) / 1000);
  const facts = [
    { name: lessons.right, value: format.percent(taught.right), sub: lessons.insteadOf(format.percent(physics.right)), help: lessons.help.right },
    { name: lessons.loss, value: loss(taught), sub: lessons.insteadOf(loss(physics)), help: lessons.help.loss },
    { name: lessons.gain, value: <Figure of={told.less_log_loss} as="number" />, help: lessons.help.gain },
  ];
  return (
    <>
      <Facts facts={facts} />
      {told.factors.length > 0 && (
        <Listing label={lessons.odds} rows={told.factors.slice(0, SHOWN)} columns={columns} keyOf={(row) => `${row.asset_class} ${row.mechanism}`} />
      )}
    </>
  );
}

export function LessonsCard() {
  const { lessons } = useWords().models;
  const format = useFormat();
  return (
    <Card title={lessons.title} hint={lessons.hint}>
      <Answer query={useLessons()}>
        {(told) => told.physics && told.with_orders
          ? <><p className="muted">{lessons.counted(format.number(told.labels), format.number(told.confirmed), format.number(told.partly), format.number(told.not_found))}</p>
              <Told told={told} physics={told.physics} with_orders={told.with_orders} /></>
          : <Empty title={lessons.empty} hint={lessons.emptyHint} inline />}
      </Answer>
    </Card>
  );
}
