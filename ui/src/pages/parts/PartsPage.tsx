/** Spare parts: what is asked for and by whom, and what is bought. */

import { Link } from "wouter";
import { useBuyingProposals } from "../../api/parts";
import { useTitle } from "../../components/useTitle";
import { useWords } from "../../i18n";
import { NotFoundPage } from "../NotFoundPage";
import { BuySection } from "./BuySection";
import { DemandSection } from "./DemandSection";
import { isSection, SECTIONS, type Section } from "./rules";

const PARTS: Record<Section, () => React.ReactNode> = { demand: DemandSection, buy: BuySection };

function Tabs({ here }: { here: Section }) {
  const { parts: words } = useWords();
  const open = useBuyingProposals().data?.filter(({ state }) => state === "open").length ?? 0;
  return (
    <nav className="tabs" aria-label={words.sectionsLabel}>
      {SECTIONS.map((section) => (
        <Link key={section} href={section === "demand" ? "/parts" : "/parts-to-buy"} {...(section === here && { "aria-current": "page" as const })}>
          {words.sections[section]}
          {section === "buy" && open > 0 && <span className="count">{open}</span>}
        </Link>
      ))}
    </nav>
  );
}

function Known({ section }: { section: Section }) {
  const { parts: words } = useWords();
  useTitle(`${words.sections[section]} · ${words.title}`);
  const Part = PARTS[section];
  return (
    <>
      <div className="page-head"><div><h1>{words.title}</h1><p className="lead">{words.lead}</p></div></div>
      <Tabs here={section} />
      <div className="stack"><Part /></div>
    </>
  );
}

export function PartsPage({ section }: { section: string }) {
  return isSection(section) ? <Known section={section} /> : <NotFoundPage />;
}
