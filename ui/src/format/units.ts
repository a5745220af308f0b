/** Canonical units of the store as people write them. */

const PRINTED: Record<string, string> = {
  degC: "°C",
  degF: "°F",
  delta_degC: "K",
  "m/s^2": "m/s²",
  "m^3/h": "m³/h",
  um: "µm",
  percent: "%",
  "N*m": "N·m",
  state: "",
  count: "",
  "1": "",
};

export function unitText(unit: string): string {
  return PRINTED[unit] ?? unit.replace("^2", "²").replace("^3", "³").replace("*", "·");
}

/** The units inside a sentence of the server, printed as everywhere on the page. */
export function withUnits(sentence: string): string {
  return sentence.replace(/\bdelta_degC\b|\bdegC\b|\bm\/s\^2|\bm\^3\/h/g, unitText);
}

/** `Acceleration (m/s²)`, or the name alone when there is no unit. */
export function named(name: string, unit: string): string {
  const text = unitText(unit);
  return text ? `${name} (${text})` : name;
}

/** Four significant digits, no exponent between 0.001 and 1,000,000. */
export function number(value: number, language: string): string {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size >= 1000) return value.toLocaleString(language, { maximumFractionDigits: 0 });
  if (size > 0 && size < 0.001) return value.toExponential(2);
  return value.toLocaleString(language, { maximumSignificantDigits: 4 });
}

/** A value beside its interval of this width: digits as far as the interval lets them mean something. */
export function rounded(value: number, width: number, language: string): string {
  const digits = width > 0 ? Math.min(3, Math.max(0, 1 - Math.floor(Math.log10(width)))) : 2;
  const near = Math.round(value * 10 ** digits) / 10 ** digits || 0; // never "-0"
  return near.toLocaleString(language, { maximumFractionDigits: digits });
}

/** `EUR 2.50`, and `EUR 1,250` from a thousand on. */
export function money(value: number, currency: string, language: string): string {
  const digits = Math.abs(value) >= 1000 ? 0 : 2;
  return `${currency} ${value.toLocaleString(language, { minimumFractionDigits: digits, maximumFractionDigits: digits })}`;
}

export function quantity(value: number, unit: string, language: string): string {
  const text = unitText(unit);
  return text ? `${number(value, language)} ${text}` : number(value, language);
}

/** `740 B`, `12 kB`, `3.4 MB`: in steps of a thousand. */
export function bytes(count: number, language: string): string {
  const power = Math.min(4, Math.max(0, Math.floor(Math.log10(Math.max(1, count)) / 3)));
  return `${(count / 1000 ** power).toLocaleString(language, { maximumSignificantDigits: 3 })} ${["B", "kB", "MB", "GB", "TB"][power]}`;
}

/** A probability or share in [0, 1]: `87 %`, and never a claimed 0 % or 100 % that is not exact. */
export function percent(share: number): string {
  const rounded = Math.round(share * 100);
  if (rounded === 0 && share > 0) return "< 1 %";
  if (rounded === 100 && share < 1) return "> 99 %";
  return `${rounded} %`;
}
