import type { ReactNode } from "react";

interface Props {
  tone: "normal" | "alert" | "alarm";
  title: string;
  children?: ReactNode;
}

/** Says what has just happened, or what does not work now; read out at once only when something went wrong. */
export function Notice({ tone, title, children }: Props) {
  return (
    <div className="notice" data-tone={tone} role={tone === "alarm" ? "alert" : "status"}>
      <b>{title}</b>
      {children && <div className="detail">{children}</div>}
    </div>
  );
}
