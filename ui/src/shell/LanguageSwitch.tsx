import { Button } from "@mantine/core";
import { languageName, LANGUAGES, useLanguage } from "../i18n";

/** Offers the other languages, each by its own name. */
export function LanguageSwitch() {
  const { language, choose } = useLanguage();
  return (
    <>
      {LANGUAGES.filter((other) => other !== language).map((other) => (
        <Button key={other} variant="subtle" color="gray" size="compact-sm" lang={other} onClick={() => choose(other)}>
          {languageName(other)}
        </Button>
      ))}
    </>
  );
}
