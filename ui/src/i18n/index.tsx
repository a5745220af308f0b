/** The chosen language: the browser's at first, then what the reader chose, remembered on this device. */

import { createContext, useContext, useEffect, useMemo, useState, type ReactNode } from "react";
import { en, type Words } from "./en";
import { zh } from "./zh";

const DICTIONARIES = { en, zh } as const;
export type Language = keyof typeof DICTIONARIES;
export const LANGUAGES = Object.keys(DICTIONARIES) as Language[];
const MEMORY = "forewarn.language";

export const languageName = (language: Language) => DICTIONARIES[language].languageName;

function isLanguage(text: string | null): text is Language {
  return text !== null && text in DICTIONARIES;
}

function remembered(): Language {
  const kept = localStorage.getItem(MEMORY);
  if (isLanguage(kept)) return kept;
  return navigator.language.startsWith("zh") ? "zh" : "en";
}

interface Choice {
  language: Language;
  words: Words;
  choose: (language: Language) => void;
}

const Chosen = createContext<Choice | null>(null);

export function LanguageProvider({ children }: { children: ReactNode }) {
  const [language, setLanguage] = useState<Language>(remembered);
  useEffect(() => {
    document.documentElement.lang = DICTIONARIES[language].locale;
  }, [language]);
  const choice = useMemo(() => ({
    language,
    words: DICTIONARIES[language],
    choose: (next: Language) => {
      localStorage.setItem(MEMORY, next);
      setLanguage(next);
    },
  }), [language]);
  return <Chosen value={choice}>{children}</Chosen>;
}

export function useLanguage(): Choice {
  const choice = useContext(Chosen);
  if (!choice) throw new Error("useLanguage outside LanguageProvider");
  return choice;
}

export const useWords = (): Words => useLanguage().words;
