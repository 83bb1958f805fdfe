/** Tests run in node, or in happy-dom where a file's first line asks for it. */
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { defineConfig } from "vitest/config";

/** Vite would make an empty module of a style sheet; the build gives its text, so the tests get it too. */
const cssAsText = {
  name: "css-as-text",
  enforce: "pre" as const,
  resolveId: (id: string, importer?: string) =>
    id.endsWith(".css") && importer ? `\0${resolve(dirname(importer), id)}.js` : null,
  load: (id: string) =>
    id.startsWith("\0") && id.endsWith(".css.js")
      ? `export default ${JSON.stringify(readFileSync(id.slice(1, -".js".length), "utf8"))}`
      : null,
};

export default defineConfig({
  plugins: [cssAsText],
  test: { include: ["test/**/*.test.ts"] },
});
