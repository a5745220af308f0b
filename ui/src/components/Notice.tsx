import type { ReactNode } from "react";

interface Props {
  tone: "normal" | "alert" | "alarm";
  title: string;
  children?: ReactNode;
}

/** Says what has just happened, or what does not work now; what went wrong is read out at once. */
export function Notice({ tone, title, children }: Props) {
  return (
    <div className="notice" data-tone={tone} {...(tone === "alarm" && { role: "alert" })}>
      <b>{title}</b>
      {children && <div className="detail">{children}</div>}
    </div>
  );
}

/** Where notices come and go: there from the start, so that a screen reader notices them. */
export function Notices({ children }: { children: ReactNode }) {
  return <div role="status" className="notices">{children}</div>;
}
