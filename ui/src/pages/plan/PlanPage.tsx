/** The planner's page: the week, what is held back, and who is waited for. */

import { Link } from "wouter";
import { useHeld, useWaiting } from "../../api/plan";
import { useTitle } from "../../components/useTitle";
import { useFormat } from "../../format/useFormat";
import { useWords } from "../../i18n";
import { NotFoundPage } from "../NotFoundPage";
import { HeldSection } from "./HeldSection";
import { isSection, SECTIONS, type Section } from "./rules";
import { WaitingSection } from "./WaitingSection";
import { WeekSection } from "./WeekSection";

const PARTS: Record<Section, () => React.ReactNode> = { week: WeekSection, held: HeldSection, waiting: WaitingSection };

function Tabs({ here }: { here: Section }) {
  const { plan: words } = useWords();
  const counts: Partial<Record<Section, number>> = { held: useHeld().data?.length ?? 0, waiting: useWaiting().data?.length ?? 0 };
  return (
    <nav className="tabs" aria-label={words.sectionsLabel}>
      {SECTIONS.map((section) => (
        <Link key={section} href={section === "week" ? "/plan" : `/plan/${section}`} {...(section === here && { "aria-current": "page" as const })}>
          {words.sections[section]}
          {(counts[section] ?? 0) > 0 && <span className="count">{counts[section]}</span>}
        </Link>
      ))}
    </nav>
  );
}

function Known({ section }: { section: Section }) {
  const { common, plan: words } = useWords();
  const format = useFormat();
  useTitle(`${words.sections[section]} · ${words.title}`);
  const Part = PARTS[section];
  return (
    <>
      <div className="page-head"><div><h1>{words.title}</h1><p className="lead">{words.lead} {common.zone(format.zone)}</p></div></div>
      <Tabs here={section} />
      <div className="stack"><Part /></div>
    </>
  );
}

export function PlanPage({ section }: { section: string }) {
  return isSection(section) ? <Known section={section} /> : <NotFoundPage />;
}
