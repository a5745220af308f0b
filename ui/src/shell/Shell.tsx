/** What stands around every page: where one is, what time it is at the plant, and whether the page is alive. */

import { ActionIcon, Menu, Tooltip } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState, type ReactNode } from "react";
import { Link, useLocation, useRoute } from "wouter";
import { api } from "../api/client";
import { useLink, useLive } from "../api/live";
import { keys, useOverview } from "../api/queries";
import type { Me } from "../api/types";
import { useFormat } from "../format/useFormat";
import { useWords } from "../i18n";
import { LanguageSwitch } from "./LanguageSwitch";

export function Brand({ plant }: { plant?: string | undefined }) {
  return (
    <Link href="/" className="brand" aria-label="Forewarn">
      <img src="/icon.svg" alt="" />
      <span className="brand-name">Forewarn</span>
      {plant && <span className="brand-plant">{plant}</span>}
    </Link>
  );
}

function Navigation() {
  const words = useWords();
  const [path] = useLocation();
  const { data } = useOverview();
  const entry = (href: string, name: string, count = 0) => {
    const here = href === "/" ? path === "/" || path.startsWith("/assets/") : path.startsWith(href);
    return (
      <Link href={href} {...(here && { "aria-current": "page" as const })}>
        {name}
        {count > 0 && <span className="count">{count}</span>}
      </Link>
    );
  };
  return (
    <nav className="nav" aria-label={words.nav.main}>
      {entry("/", words.nav.fleet)}
      {entry("/orders", words.nav.orders, data?.open_orders)}
      {entry("/plan", words.nav.plan)}
      {entry("/parts", words.nav.parts)}
      {entry("/telemetry", words.nav.telemetry)}
      {entry("/models", words.nav.models)}
    </nav>
  );
}

function PlantClock() {
  const words = useWords();
  const format = useFormat();
  const { data } = useOverview();
  if (!data) return null;
  return (
    <div className="plant-clock">
      {format.clockRate && (
        <Tooltip label={words.clock.help} multiline w={260}>
          <span className="chip" data-tone="alert" tabIndex={0}>{words.clock.accelerated(format.clockRate)}</span>
        </Tooltip>
      )}
      <span title={`${words.clock.plantTime}: ${format.dateTime(data.now)}`}>
        <b>{format.shortDateTime(data.now)}</b> <span className="zone">{format.zone}</span>
      </span>
    </div>
  );
}

function UserMenu({ me }: { me: Me }) {
  const words = useWords();
  const cache = useQueryClient();
  const leave = async () => {
    await api.logout();
    cache.clear();
    await cache.invalidateQueries({ queryKey: keys.me });
    location.assign("/");
  };
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size="lg" aria-label={words.nav.signedInAs(me.name, me.role)}>
          <svg width="18" height="18" viewBox="0 0 18 18" fill="none" stroke="currentColor" strokeWidth="1.6" aria-hidden="true">
            <circle cx="9" cy="6" r="3.2" />
            <path d="M2.8 16c.7-3.2 3.2-4.8 6.2-4.8s5.5 1.6 6.2 4.8" />
          </svg>
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{words.nav.signedInAs(me.name, me.role)}</Menu.Label>
        <Menu.Item onClick={() => void leave()}>{words.nav.logout}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

/** When the stream is cut, the page says so and how old its figures are. */
function ConnectionBanner() {
  const words = useWords();
  const format = useFormat();
  const { data } = useOverview();
  if (useLink() !== "lost") return null;
  return (
    <div className="banner" role="status">
      <div>
        <span>{words.link.lost}</span>
        {data && <span>{words.link.asOf(format.dateTime(data.now))}</span>}
      </div>
    </div>
  );
}

function useTopOfPage(): void {
  const [path] = useLocation();
  useEffect(() => {
    window.scrollTo(0, 0); // gives a promise in newer browsers, which is no clean-up
  }, [path]);
}

/** A cut of a blink is no news: stale after a moment only. */
function useStale(): boolean {
  const lost = useLink() === "lost";
  const [stale, setStale] = useState(false);
  useEffect(() => {
    const timer = window.setTimeout(() => setStale(lost), lost ? 1500 : 0);
    return () => window.clearTimeout(timer);
  }, [lost]);
  return stale;
}

export function Shell({ me, children }: { me: Me; children: ReactNode }) {
  const words = useWords();
  const { data } = useOverview();
  const [, watched] = useRoute("/assets/:id");
  useLive(watched?.id ?? null);
  useTopOfPage();
  return (
    <>
      <a className="skip" href="#content">{words.nav.skip}</a>
      <header className="header">
        <div className="header-row">
          <Brand plant={data?.plant} />
          <Navigation />
          <PlantClock />
          <div className="header-actions">
            <LanguageSwitch />
            <UserMenu me={me} />
          </div>
        </div>
        <ConnectionBanner />
      </header>
      <main className="content" id="content" data-stale={useStale()}>{children}</main>
    </>
  );
}
