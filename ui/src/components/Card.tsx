import type { ReactNode } from "react";
import { useId } from "react";
import { Explained } from "./Explained";

interface Props {
  title: string;
  hint?: ReactNode;
  tools?: ReactNode;
  children: ReactNode;
}

/** A titled part of a page, announced as a region. */
export function Card({ title, hint, tools, children }: Props) {
  const id = useId();
  return (
    <section className="card" aria-labelledby={id}>
      <div className="card-head">
        <div>
          <h2 id={id}>{title}</h2>
          {hint && <div className="hint">{hint}</div>}
        </div>
        {tools && <div className="card-tools">{tools}</div>}
      </div>
      {children}
    </section>
  );
}

export interface Fact {
  name: string;
  value: ReactNode;
  sub?: ReactNode;
  help?: string;
}

/** Names and values, side by side. */
export function Facts({ facts, large = false }: { facts: Fact[]; large?: boolean }) {
  return (
    <dl className={large ? "facts large" : "facts"}>
      {facts.map(({ name, value, sub, help }) => (
        <div key={name}>
          <dt>{help ? <Explained help={help}>{name}</Explained> : name}</dt>
          <dd>
            {value}
            {sub && <span className="sub">{sub}</span>}
          </dd>
        </div>
      ))}
    </dl>
  );
}
