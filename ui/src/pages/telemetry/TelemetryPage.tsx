/** Where data comes from, what is missing, what was refused, what nobody named: one page in parts, each with its count. */

import { Link } from "wouter";
import { useReasons, useTelemetry } from "../../api/telemetryQueries";
import { Notice, Notices } from "../../components/Notice";
import { useTitle } from "../../components/useTitle";
import { useFormat } from "../../format/useFormat";
import { useWords } from "../../i18n";
import { NotFoundPage } from "../NotFoundPage";
import { AdoptSection } from "./AdoptSection";
import { GapsSection } from "./GapsSection";
import { OverviewSection } from "./OverviewSection";
import { QuarantineSection } from "./QuarantineSection";
import { isSection, SECTIONS, type Section } from "./rules";
import { SensorsSection } from "./SensorsSection";
import { SourcesSection } from "./SourcesSection";

const PARTS: Record<Section, () => React.ReactNode> = {
  overview: OverviewSection, sources: SourcesSection, gaps: GapsSection, sensors: SensorsSection, adopt: AdoptSection,
  quarantine: QuarantineSection,
};

function useCounts(): Partial<Record<Section, number>> {
  const { data } = useTelemetry();
  const { data: reasons } = useReasons();
  if (!data) return {};
  const refused = reasons?.reduce((sum, reason) => sum + reason.rows, 0) ?? 0;
  return { sources: data.sources, gaps: data.missing_messages, sensors: data.sensor_events, adopt: data.places, quarantine: refused };
}

function Tabs({ here }: { here: Section }) {
  const { telemetry } = useWords();
  const format = useFormat();
  const counts = useCounts();
  return (
    <nav className="tabs" aria-label={telemetry.sectionsLabel}>
      {SECTIONS.map((section) => (
        <Link key={section} href={section === "overview" ? "/telemetry" : `/telemetry/${section}`}
          {...(section === here && { "aria-current": "page" as const })}>
          {telemetry.sections[section]}
          {(counts[section] ?? 0) > 0 && <span className="count">{format.number(counts[section] ?? 0)}</span>}
        </Link>
      ))}
    </nav>
  );
}

/** Calm, for sensors keep what they have: but nobody shall wonder why the figures stand still. */
function Away() {
  const { telemetry } = useWords();
  const { data } = useTelemetry();
  if (!data || data.ingest.running) return null;
  return <Notice tone="alert" title={telemetry.away.title}>{telemetry.away.text}</Notice>;
}

function Known({ section }: { section: Section }) {
  const words = useWords();
  const format = useFormat();
  useTitle(`${words.telemetry.sections[section]} · ${words.telemetry.title}`);
  const Part = PARTS[section];
  return (
    <>
      <div className="page-head">
        <div>
          <h1>{words.telemetry.title}</h1>
          <p className="lead">{words.telemetry.lead} {words.common.zone(format.zone)}</p>
        </div>
      </div>
      <Tabs here={section} />
      <div className="stack">
        <Notices><Away /></Notices>
        <Part />
      </div>
    </>
  );
}

export function TelemetryPage({ section }: { section: string }) {
  return isSection(section) ? <Known section={section} /> : <NotFoundPage />;
}
