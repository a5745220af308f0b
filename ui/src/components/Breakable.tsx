import { Fragment } from "react";

/** A name such as `velocity_rms`, which a narrow column may break behind an underscore and nowhere else. */
export function Breakable({ name }: { name: string }) {
  return (
    <>
      {(name.match(/[^_]*_+|[^_]+/g) ?? []).map((part, i) => <Fragment key={i}>{i > 0 && <wbr />}{part}</Fragment>)}
    </>
  );
}
