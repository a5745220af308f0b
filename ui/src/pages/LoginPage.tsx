/** The one-time login: by the printed link (its token leaves the address bar at once) or typed in. */

import { Button, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useState, type FormEvent } from "react";
import { useLocation } from "wouter";
import { api, ApiError } from "../api/client";
import { keys } from "../api/queries";
import { useWords } from "../i18n";
import { LanguageSwitch } from "../shell/LanguageSwitch";
import { Brand } from "../shell/Shell";

type Progress = "waiting" | "checking" | "refused" | "unreachable";

function useLogin() {
  const cache = useQueryClient();
  const [path, navigate] = useLocation();
  const [progress, setProgress] = useState<Progress>("waiting");
  const login = useCallback(async (token: string) => {
    setProgress("checking");
    try {
      await api.login(token);
      const me = await api.me();
      if (path === "/login") navigate("/", { replace: true });
      cache.setQueryData(keys.me, me);
    } catch (error) {
      const answered = error instanceof ApiError && error.status > 0;
      setProgress(answered ? "refused" : "unreachable");
    }
  }, [cache, navigate, path]);
  return { progress, login };
}

export function LoginPage({ token }: { token: string | null }) {
  const words = useWords();
  const { progress, login } = useLogin();
  const [typed, setTyped] = useState("");
  useEffect(() => {
    if (!token) return;
    history.replaceState(null, "", "/login"); // a login does not belong into a history or a screenshot
    void login(token);
  }, [token]); // once per token, whatever else changes: it is spent by the first try

  const submit = (event: FormEvent) => {
    event.preventDefault();
    void login(typed.trim());
  };
  return (
    <main className="login">
      <form className="card login-card" onSubmit={submit}>
        <div className="item-head">
          <Brand />
          <LanguageSwitch />
        </div>
        <div>
          <h1>{words.login.title}</h1>
          <p className="muted">{words.login.intro}</p>
        </div>
        {progress === "refused" && (
          <div className="notice" data-tone="alarm" role="alert">
            <b>{words.login.refused}</b>
            <span className="detail">{words.login.again}</span>
          </div>
        )}
        {progress === "unreachable" && <div className="notice" role="alert">{words.common.noNetwork}</div>}
        <TextInput
          label={words.login.token} value={typed} onChange={(event) => setTyped(event.currentTarget.value)}
          autoComplete="one-time-code" spellCheck={false} required withAsterisk={false} minLength={8} maxLength={200} size="md"
        />
        <Button type="submit" size="md" loading={progress === "checking"}>{words.login.enter}</Button>
      </form>
    </main>
  );
}
