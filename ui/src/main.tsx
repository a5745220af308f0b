import "@mantine/core/styles.css";
import "./styles/tokens.css";
import "./styles/shell.css";
import "./styles/components.css";
import "./styles/pages.css";
import { createTheme, MantineProvider } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { createRoot } from "react-dom/client";
import { App } from "./App";
import { makeQueryClient } from "./api/queries";
import { LanguageProvider } from "./i18n";

// The server's content security policy allows style elements with this nonce and nothing else. Dialogs lock the page's
// scrolling with a style element of their own and look for the nonce under webpack's name.
const nonce = document.querySelector<HTMLMetaElement>("meta[name=csp-nonce]")?.content ?? "";
Object.assign(globalThis, { __webpack_nonce__: nonce });

const FONTS =
  'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif';

const theme = createTheme({
  fontFamily: FONTS,
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace',
  defaultRadius: "md",
  primaryColor: "petrol",
  primaryShade: { light: 7, dark: 5 },
  autoContrast: true,
  colors: {
    petrol: [
      "#e4f1f2", "#c9e3e6", "#9dccd1", "#6db4bc", "#48a0aa", "#56b9c5", "#1b7681", "#0f5c66", "#0b4a52", "#07373d",
    ],
  },
});

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");

createRoot(root).render(
  <MantineProvider theme={theme} defaultColorScheme="auto" getStyleNonce={() => nonce}>
    <QueryClientProvider client={makeQueryClient()}>
      <LanguageProvider>
        <App />
      </LanguageProvider>
    </QueryClientProvider>
  </MantineProvider>,
);
