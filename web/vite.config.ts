import { defineConfig } from "vitest/config";

// Three pages, one build. The pages run under a strict content security policy (script-src and style-src 'self', no
// data: sources, Trusted Types), so nothing may be inlined: no small assets as data: addresses, no preload polyfill.
export default defineConfig({
  base: "/static/",
  build: {
    outDir: "../server/static",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: { input: ["softphone.html", "caller.html", "portal.html"] },
  },
  test: { include: ["src/**/*.test.ts"] },
});
