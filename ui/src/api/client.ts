/** One way to the server: JSON in, JSON out, problem documents as errors. */

import type { ActionIn, CodesOut, OrderDetail, OrderRow, VerificationIn } from "./orderTypes";
import type {
  AssetDetail,
  AssetRow,
  EnergyOut,
  HistoryPoint,
  Me,
  Overview,
  Problem,
  SecondOpinionOut,
  Spectrum,
  SpectrumKind,
  Trend,
} from "./types";

/** What the server (status above 0) or the network (status 0) answered instead of data. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string,
    /** Field of the form that was sent -> what is wrong with it; "" for the whole. */
    readonly fields: Readonly<Record<string, string>> = {},
    /** The stable name of the problem, `urn:forewarn:...`. */
    readonly type = "",
  ) {
    super(detail || title);
  }
}

interface FieldError {
  pointer: string;
  detail: string;
}

type Answer = Partial<Problem> & { errors?: FieldError[] };

function isProblem(body: unknown): body is Answer {
  return typeof body === "object" && body !== null && "title" in body;
}

/** `body/unit` -> `unit`, `body/values/oil` -> `values/oil`. */
function fieldsOf({ errors = [] }: Answer): Record<string, string> {
  return Object.fromEntries(errors.map((error) => [error.pointer.split("/").slice(1).join("/"), error.detail]));
}

async function failure(response: Response): Promise<ApiError> {
  const isJson = (response.headers.get("content-type") ?? "").includes("json");
  const body: unknown = isJson ? await response.json() : null;
  if (isProblem(body)) return new ApiError(response.status, body.title ?? "", body.detail ?? "", fieldsOf(body), body.type);
  return new ApiError(response.status, response.statusText || `HTTP ${response.status}`, "");
}

export async function ask(path: string, init: RequestInit = {}): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, { credentials: "same-origin", ...init });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new ApiError(0, "network", String(error));
  }
  if (!response.ok) throw await failure(response);
  return response;
}

export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  const response = await ask(path, { headers: { Accept: "application/json" }, ...(signal && { signal }) });
  return (await response.json()) as T;
}

export function post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return ask(path, {
    method: "POST",
    headers: { Accept: "application/json", "Content-Type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
}

const id = encodeURIComponent;

/** Why it cannot be told yet, in a sentence of the server. */
export interface Untold {
  untold: string;
}

export interface OrderFilter {
  open?: boolean;
  asset?: string;
}

export const api = {
  me: (signal?: AbortSignal) => get<Me>("/api/me", signal),
  login: async (token: string) => void (await post("/api/login", { token })),
  logout: async () => void (await post("/api/logout", {})),
  overview: (signal?: AbortSignal) => get<Overview>("/api/overview", signal),
  assets: (signal?: AbortSignal) => get<AssetRow[]>("/api/assets", signal),
  asset: (asset: string, signal?: AbortSignal) => get<AssetDetail>(`/api/assets/${id(asset)}`, signal),
  trend: (asset: string, name: string, hours: number, signal?: AbortSignal) =>
    get<Trend>(`/api/assets/${id(asset)}/trend?signal=${id(name)}&hours=${hours}`, signal),
  history: (asset: string, hours: number, signal?: AbortSignal) =>
    get<HistoryPoint[]>(`/api/assets/${id(asset)}/history?hours=${hours}`, signal),
  secondOpinion: (asset: string, signal?: AbortSignal) =>
    get<SecondOpinionOut>(`/api/assets/${id(asset)}/second-opinion`, signal),
  orders: ({ open, asset }: OrderFilter, signal?: AbortSignal) => {
    const query = new URLSearchParams();
    if (open !== undefined) query.set("open", String(open));
    if (asset !== undefined) query.set("asset", asset);
    return get<OrderRow[]>(`/api/orders?${query}`, signal);
  },
  order: (ref: string, signal?: AbortSignal) => get<OrderDetail>(`/api/orders/${id(ref)}`, signal),
  codes: (signal?: AbortSignal) => get<CodesOut>("/api/codes", signal),

  /** The newest spectrum, or null while the signal has sent no waveform yet. */
  spectrum: async (asset: string, name: string, kind: SpectrumKind, signal?: AbortSignal): Promise<Spectrum | null> => {
    try {
      return await get<Spectrum>(`/api/assets/${id(asset)}/spectrum?signal=${id(name)}&kind=${kind}`, signal);
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return null;
      throw error;
    }
  },

  /** What running on costs in energy, or why that cannot be told yet. */
  energy: async (asset: string, signal?: AbortSignal): Promise<EnergyOut | Untold> => {
    try {
      return await get<EnergyOut>(`/api/assets/${id(asset)}/energy`, signal);
    } catch (error) {
      if (error instanceof ApiError && error.type === "urn:forewarn:warming-up") return { untold: error.detail };
      throw error;
    }
  },

  /** Moves an order on, provided that it is still as the reader saw it (`order.revision`). Repeating a key is safe. */
  act: async (order: OrderDetail, action: ActionIn, key: string): Promise<OrderDetail> => {
    const headers = { "If-Match": `"${order.revision}"`, "Idempotency-Key": key };
    const response = await post(`/api/orders/${id(order.id)}/actions`, action, headers);
    return (await response.json()) as OrderDetail;
  },
  verify: async (order: OrderDetail, result: VerificationIn["result"]): Promise<OrderDetail> => {
    const headers = { "If-Match": `"${order.revision}"` };
    return (await (await post(`/api/orders/${id(order.id)}/verification`, { result }, headers)).json()) as OrderDetail;
  },
};
