/** What stands in place of data: it is coming, there is none, or it could not be had. */

import { Button, Skeleton } from "@mantine/core";
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { ApiError } from "../api/client";
import { useWords } from "../i18n";

export function Loading() {
  const words = useWords();
  return (
    <div className="stack" role="status" aria-label={words.common.loading}>
      <Skeleton height={64} radius="md" />
      <Skeleton height={180} radius="md" />
    </div>
  );
}

export function Empty({ title, hint, inline }: { title: string; hint?: string; inline?: boolean }) {
  return (
    <div className={inline ? "empty inline" : "empty"}>
      <b>{title}</b>
      {hint && <span>{hint}</span>}
    </div>
  );
}

export function Problem({ error, onRetry }: { error: Error | null; onRetry?: () => void }) {
  const words = useWords();
  const unreachable = error instanceof ApiError && error.status === 0;
  return (
    <div className="empty" role="alert">
      <b>{words.common.failed}</b>
      <span>{unreachable ? words.common.noNetwork : error?.message}</span>
      {onRetry && <Button variant="default" mt="sm" onClick={onRetry}>{words.common.retry}</Button>}
    </div>
  );
}

/** Shows a query's data as soon as there is any, also while a newer answer fails. */
export function Answer<T>({ query, children }: { query: UseQueryResult<T>; children: (data: T) => ReactNode }) {
  if (query.data !== undefined) return <>{children(query.data)}</>;
  if (query.isError) return <Problem error={query.error} onRetry={() => void query.refetch()} />;
  return <Loading />;
}

export function isMissing(error: Error | null): boolean {
  return error instanceof ApiError && error.status === 404;
}
