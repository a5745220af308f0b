/** Who may see what, and which address shows which page. */

import { lazy, Suspense } from "react";
import { Redirect, Route, Switch, useLocation } from "wouter";
import { ApiError } from "./api/client";
import { useMe } from "./api/queries";
import { Loading, Problem } from "./components/Feedback";
import { FleetPage } from "./pages/FleetPage";
import { LoginPage } from "./pages/LoginPage";
import { ModelsPage } from "./pages/models/ModelsPage";
import { NotFoundPage } from "./pages/NotFoundPage";
import { OrderPage } from "./pages/OrderPage";
import { OrdersPage } from "./pages/OrdersPage";
import { PartPage } from "./pages/parts/PartPage";
import { PartsPage } from "./pages/parts/PartsPage";
import { PlanPage } from "./pages/plan/PlanPage";
import { TelemetryPage } from "./pages/telemetry/TelemetryPage";
import { Shell } from "./shell/Shell";

// The charts weigh more than everything else: fetched with the first machine that is opened.
const AssetPage = lazy(() => import("./pages/AssetPage"));

function Pages() {
  return (
    <Suspense fallback={<Loading />}>
      <Switch>
        <Route path="/"><FleetPage /></Route>
        <Route path="/assets/:id">{({ id }) => <AssetPage key={id} id={id} />}</Route>
        <Route path="/orders"><OrdersPage /></Route>
        <Route path="/orders/:number">{({ number }) => <OrderPage key={number} number={number} />}</Route>
        <Route path="/plan"><PlanPage section="week" /></Route>
        <Route path="/plan/:section">{({ section }) => <PlanPage section={section} />}</Route>
        <Route path="/parts"><PartsPage section="demand" /></Route>
        <Route path="/parts-to-buy"><PartsPage section="buy" /></Route>
        <Route path="/parts/:part">{({ part }) => <PartPage key={part} part={decodeURIComponent(part)} />}</Route>
        <Route path="/telemetry"><TelemetryPage section="overview" /></Route>
        <Route path="/telemetry/:section">{({ section }) => <TelemetryPage section={section} />}</Route>
        <Route path="/models"><ModelsPage section="scorecard" /></Route>
        <Route path="/models/:section">{({ section }) => <ModelsPage section={section} />}</Route>
        <Route path="/quarantine"><Redirect to="/telemetry/quarantine" replace /></Route>
        <Route path="/login"><Redirect to="/" replace /></Route>
        <Route><NotFoundPage /></Route>
      </Switch>
    </Suspense>
  );
}

export function App() {
  const [path] = useLocation();
  const token = path === "/login" ? new URLSearchParams(location.search).get("token") : null;
  const me = useMe(token === null); // with a token in hand the question would only be refused
  const signedOut = me.error instanceof ApiError && me.error.status === 401;
  if (token === null && me.isPending) return <Loading />;
  if (signedOut || token !== null) return <LoginPage token={token} />;
  if (!me.data) return <Problem error={me.error} onRetry={() => void me.refetch()} />;
  return <Shell me={me.data}><Pages /></Shell>;
}
