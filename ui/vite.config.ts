import { defineConfig } from "vite";

// `npm run dev` serves the page from its sources and asks a running Forewarn for the data.
const backend = "http://127.0.0.1:8080";

export default defineConfig({
  build: {
    outDir: "../api/static",
    emptyOutDir: true,
    assetsInlineLimit: 0, // a data: font or script would need a wider content security policy
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1000,
    rolldownOptions: {
      // "use client" marks of component libraries mean nothing in a page that is all client
      onLog: (level, log, report) => log.code === "MODULE_LEVEL_DIRECTIVE" || report(level, log),
    },
  },
  server: { proxy: { "/api": backend } },
});
