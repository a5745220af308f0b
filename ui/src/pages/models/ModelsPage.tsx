/** How good the models are, which of them decide, what another one would have done, and whether they still fit the plant. */

import { Link } from "wouter";
import { isRunning, useDrift, useJobs, useScorecard, useVersions } from "../../api/models";
import { useTitle } from "../../components/useTitle";
import { useFormat } from "../../format/useFormat";
import { useWords } from "../../i18n";
import { NotFoundPage } from "../NotFoundPage";
import { DriftSection } from "./DriftSection";
import { isSection, SECTIONS, type Section } from "./rules";
import { ScorecardSection } from "./ScorecardSection";
import { VersionsSection } from "./VersionsSection";
import { WhatIfSection } from "./WhatIfSection";

const PARTS: Record<Section, () => React.ReactNode> = {
  scorecard: ScorecardSection, versions: VersionsSection, whatif: WhatIfSection, drift: DriftSection,
};

function useCounts(): Partial<Record<Section, number>> {
  const scorecard = useScorecard().data?.waiting ?? 0;
  const versions = useVersions().data?.length ?? 0;
  const whatif = useJobs().data?.filter(isRunning).length ?? 0;
  const drift = useDrift().data?.tasks.length ?? 0;
  return { scorecard, versions, whatif, drift };
}

function Tabs({ here }: { here: Section }) {
  const { models } = useWords();
  const format = useFormat();
  const counts = useCounts();
  return (
    <nav className="tabs" aria-label={models.sectionsLabel}>
      {SECTIONS.map((section) => (
        <Link key={section} href={section === "scorecard" ? "/models" : `/models/${section}`}
          {...(section === here && { "aria-current": "page" as const })}>
          {models.sections[section]}
          {(counts[section] ?? 0) > 0 && <span className="count">{format.number(counts[section] ?? 0)}</span>}
        </Link>
      ))}
    </nav>
  );
}

function Known({ section }: { section: Section }) {
  const { common, models } = useWords();
  const format = useFormat();
  useTitle(`${models.sections[section]} · ${models.title}`);
  const Part = PARTS[section];
  return (
    <>
      <div className="page-head">
        <div>
          <h1>{models.title}</h1>
          <p className="lead">{models.lead} {common.zone(format.zone)}</p>
        </div>
      </div>
      <Tabs here={section} />
      <div className="stack"><Part /></div>
    </>
  );
}

export function ModelsPage({ section }: { section: string }) {
  return isSection(section) ? <Known section={section} /> : <NotFoundPage />;
}
