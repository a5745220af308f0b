/** The card of one version, and what may be done with it. A promotion rests on a what-if run, or on a reason. */

import { Button, Textarea } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "wouter";
import { ApiError } from "../../api/client";
import { models, MODELS, useVersion } from "../../api/models";
import type { ModelDetail, ModelRow } from "../../api/modelTypes";
import { Facts } from "../../components/Card";
import { Dialog } from "../../components/Dialog";
import { Answer } from "../../components/Feedback";
import { Notice } from "../../components/Notice";
import { useFormat } from "../../format/useFormat";
import { useWords } from "../../i18n";
import { Metrics, Stage } from "./VersionsSection";

const DIGEST_SHOWN = 12;

function useStep(onDone: () => void) {
  const cache = useQueryClient();
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState("");
  const take = async (step: () => Promise<ModelDetail>) => {
    setBusy(true);
    setTrouble("");
    try {
      await step();
      onDone();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      setTrouble(error.message);
    } finally {
      setBusy(false);
      void cache.invalidateQueries({ queryKey: MODELS });
    }
  };
  return { take, busy, trouble };
}

function Steps({ of, onDone }: { of: ModelDetail; onDone: () => void }) {
  const { versions } = useWords().models;
  const [reason, setReason] = useState("");
  const { take, busy, trouble } = useStep(onDone);
  const tried = of.what_if.length > 0;
  const mayPromote = of.stage !== "champion";
  const others = (["shadow", "candidate", "retired"] as const).filter((stage) => of.allowed_stages.includes(stage));
  return (
    <div className="stack">
      {trouble && <Notice tone="alarm" title={versions.notDone}>{trouble}</Notice>}
      {mayPromote && (tried
        ? <p>{versions.rests} <Link href={`/models/whatif?report=${of.what_if[0]}`}>{versions.report}</Link></p>
        : <Textarea label={versions.reason} description={versions.reasonHint} value={reason} onChange={(e) => setReason(e.currentTarget.value)} />)}
      <div className="actions">
        {mayPromote && (
          <Button loading={busy} disabled={!tried && reason.trim() === ""} onClick={() => void take(() => models.promote(of, tried ? "" : reason.trim()))}>
            {versions.promote}
          </Button>
        )}
        {others.map((stage) => (
          <Button key={stage} variant="default" loading={busy} onClick={() => void take(() => models.move(of, stage))}>{versions.moves[stage]}</Button>
        ))}
      </div>
    </div>
  );
}

function Described({ of, onDone }: { of: ModelDetail; onDone: () => void }) {
  const { versions } = useWords().models;
  const format = useFormat();
  const facts = [
    { name: versions.stage, value: <Stage of={of} /> },
    { name: versions.data, value: versions.fromTo(format.day(of.data_from), format.day(of.data_until)),
      sub: `${versions.taughtBy(format.number(of.rows), format.number(of.assets))}${of.ends === null ? "" : `, ${versions.ends(format.number(of.ends))}`}` },
    { name: versions.digest, value: <code>{of.data_digest.slice(0, DIGEST_SHOWN)}</code>, help: versions.digestHelp },
    { name: versions.columns, value: format.number(of.columns.length), sub: of.columns.map((c) => c.name).join(", ") },
  ];
  return (
    <div className="stack">
      <Facts facts={facts} />
      <Metrics of={of} most={20} />
      {of.limits && <p className="muted">{of.limits}</p>}
      {of.notes && <p>{of.notes}</p>}
      <Steps of={of} onDone={onDone} />
    </div>
  );
}

function Loaded({ of, onDone }: { of: ModelRow; onDone: () => void }) {
  return <Answer query={useVersion(of.name, of.version)}>{(detail) => <Described of={detail} onDone={onDone} />}</Answer>;
}

export function VersionCard({ of, onClose }: { of: ModelRow | null; onClose: () => void }) {
  return (
    <Dialog title={of ? `${of.name} · ${of.version}` : ""} opened={of !== null} onClose={onClose}>
      {of && <Loaded of={of} onDone={onClose} />}
    </Dialog>
  );
}
