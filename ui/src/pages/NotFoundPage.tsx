import { Link } from "wouter";
import { useWords } from "../i18n";

interface Props {
  title?: string;
  hint?: string;
}

/** No such page, machine or order. */
export function NotFoundPage({ title, hint }: Props) {
  const words = useWords();
  return (
    <div className="empty" role="alert">
      <h1>{title ?? words.notFound.title}</h1>
      {hint && <span>{hint}</span>}
      <Link href="/">{words.notFound.home}</Link>
    </div>
  );
}
