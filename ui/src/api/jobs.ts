/** The work of an order: its steps, its report, other departments, and whether the repair helped. */

import { useQuery } from "@tanstack/react-query";
import { get, post } from "./client";
import type { DepartmentStep, DepartmentSteps, LineIn, OrderJobOut, ResultIn, VerificationOut } from "./jobTypes";
import { idempotencyKey } from "./orders";

const id = encodeURIComponent;
const REFETCH_MS = 15_000;

export const jobKeys = {
  job: (order: string) => ["job", order] as const,
  departments: (order: string) => ["departments", order] as const,
  verification: (order: string) => ["verification", order] as const,
};

/** `revision`: of the order as the page knows it; a newer one asks for its work anew. */
export const useJob = (order: string, revision: number) =>
  useQuery({
    queryKey: [...jobKeys.job(order), revision],
    queryFn: ({ signal }) => get<OrderJobOut>(`/api/orders/${id(order)}/job`, signal),
    placeholderData: (before) => before,
  });

export const useDepartments = (order: string) =>
  useQuery({
    queryKey: jobKeys.departments(order),
    queryFn: ({ signal }) => get<DepartmentSteps>(`/api/orders/${id(order)}/departments`, signal),
    refetchInterval: REFETCH_MS,
  });

export const useVerification = (order: string, enabled: boolean) =>
  useQuery({
    queryKey: jobKeys.verification(order),
    queryFn: ({ signal }) => get<VerificationOut>(`/api/orders/${id(order)}/verification`, signal),
    refetchInterval: REFETCH_MS,
    enabled,
  });

async function told<T>(answer: Promise<Response>): Promise<T> {
  return (await (await answer).json()) as T;
}

const onRevision = (revision: number) => ({ "If-Match": `"${revision}"`, "Idempotency-Key": idempotencyKey() });

export const jobs = {
  result: (job: OrderJobOut, step: string, result: ResultIn) =>
    told<OrderJobOut>(post(`/api/orders/${id(job.order)}/steps/${id(step)}`, result, onRevision(job.revision))),
  signOff: (job: OrderJobOut, step: string) =>
    told<OrderJobOut>(post(`/api/orders/${id(job.order)}/steps/${id(step)}/sign-off`, {}, onRevision(job.revision))),
  report: (job: OrderJobOut, line: LineIn) =>
    told<OrderJobOut>(post(`/api/orders/${id(job.order)}/report`, { lines: [line] }, onRevision(job.revision))),
  askUsual: (order: string) =>
    told<DepartmentSteps>(post(`/api/orders/${id(order)}/departments`, { usual: true }, { "Idempotency-Key": idempotencyKey() })),
  departmentDone: (step: DepartmentStep) =>
    told<DepartmentStep>(post(`/api/department-steps/${step.id}/done`, {}, onRevision(step.revision))),
};
