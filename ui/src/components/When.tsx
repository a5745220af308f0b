import { useFormat } from "../format/useFormat";

/** A moment in the time of the site, and how long ago it was. */
export function When({ time }: { time: string }) {
  const format = useFormat();
  return (
    <>
      <span className="nowrap">{format.shortDateTime(time)}</span>
      <div className="sub">{format.since(time)}</div>
    </>
  );
}
