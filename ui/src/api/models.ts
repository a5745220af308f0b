/** The routes of models, and what their page asks for again while it is open. */

import { useQuery } from "@tanstack/react-query";
import { ask, get, post } from "./client";
import { idempotencyKey } from "./orders";
import type { DriftPage, JobOut, LessonsOut, ModelDetail, ModelRow, ScorecardOut, WhatIfOut, WhatIfIn } from "./modelTypes";

const CALM_MS = 30_000;
const BUSY_MS = 1_000;

export const MODELS = ["models"] as const;

const place = (model: { name: string; version: number }) => `/api/models/${encodeURIComponent(model.name)}/${model.version}`;

async function told<T>(answer: Promise<Response>): Promise<T> {
  return (await (await answer).json()) as T;
}

export const models = {
  promote: (model: ModelDetail, reason: string) =>
    told<ModelDetail>(post(`${place(model)}/promote`, { force: reason !== "", reason }, {
      "If-Match": `"${model.revision}"`, "Idempotency-Key": idempotencyKey(),
    })),
  move: (model: ModelDetail, stage: "shadow" | "candidate" | "retired") =>
    told<ModelDetail>(post(`${place(model)}/stage`, { stage }, { "If-Match": `"${model.revision}"` })),
  whatIf: (wanted: WhatIfIn) => told<JobOut>(post("/api/whatif", wanted)),
  cancel: (job: JobOut) => told<JobOut>(ask(`/api/jobs/${encodeURIComponent(job.id)}`, { method: "DELETE" })),
  trainAgain: (task: number) => told<JobOut>(post(`/api/retraining/${task}/train`, {})),
};

export const useScorecard = () =>
  useQuery({ queryKey: [...MODELS, "scorecard"], queryFn: ({ signal }) => get<ScorecardOut>("/api/scorecard", signal), refetchInterval: CALM_MS });

export const useLessons = () =>
  useQuery({ queryKey: [...MODELS, "lessons"], queryFn: ({ signal }) => get<LessonsOut>("/api/lessons", signal), staleTime: 10 * CALM_MS });

export const useVersions = () =>
  useQuery({ queryKey: [...MODELS, "versions"], queryFn: ({ signal }) => get<ModelRow[]>("/api/models", signal), refetchInterval: CALM_MS });

export const useVersion = (name: string, version: number) =>
  useQuery({ queryKey: [...MODELS, "version", name, version], queryFn: ({ signal }) => get<ModelDetail>(place({ name, version }), signal) });

export const isRunning = (job: JobOut): boolean => job.state === "queued" || job.state === "running";

/** What-if runs and trainings; asked every second while one of them runs. */
export const useJobs = () =>
  useQuery({
    queryKey: [...MODELS, "jobs"],
    queryFn: ({ signal }) => get<JobOut[]>("/api/jobs", signal),
    refetchInterval: ({ state }) => (state.data?.some(isRunning) ? BUSY_MS : CALM_MS),
  });

export const useReport = (sha256: string) =>
  useQuery({ queryKey: [...MODELS, "report", sha256], queryFn: ({ signal }) => get<WhatIfOut>(`/api/whatif/${sha256}`, signal), staleTime: Infinity });

export const useDrift = () =>
  useQuery({ queryKey: [...MODELS, "drift"], queryFn: ({ signal }) => get<DriftPage>("/api/drift", signal), refetchInterval: CALM_MS });
