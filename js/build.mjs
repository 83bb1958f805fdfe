/** Build the widgets and the labextension into the Python package: `npm run build`, or `make`. */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build, transform } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const widgets = `${root}dspnb/notebook/static`;
const labextension = `${root}dspnb/labextension`;

// A style sheet is imported as its text; esbuild would leave that text as it is written.
const smallStyles = {
  name: "small-styles",
  setup: ({ onLoad }) =>
    onLoad({ filter: /\.css$/ }, async ({ path }) => {
      const { code } = await transform(readFileSync(path, "utf8"), { loader: "css", minify: true });
      return { contents: code.trim(), loader: "text" };
    }),
};
const bundle = (name, options) =>
  build({
    entryPoints: [`${root}js/src/${name}/index.ts`],
    bundle: true,
    minify: true,
    target: "es2022",
    charset: "utf8",
    legalComments: "none",
    plugins: [smallStyles],
    logLevel: "warning",
    ...options,
  });
const writeJson = (path, value) => writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`);

// JupyterLab tells browsers to keep its files for a year, so new content needs a new name.
const named = (name, { contents }) => {
  const hash = createHash("sha256").update(contents).digest("hex").slice(0, 16);
  return `${name}.${hash}.js`;
};
const text = async (name, options) => (await bundle(name, { ...options, write: false })).outputFiles[0];

const [run, inspect] = await Promise.all([
  text("run", { format: "esm" }),
  text("inspect", { format: "esm" }),
]);
const inspector = named("inspect", inspect);
const define = { INSPECTOR: JSON.stringify(inspector) };
const script = await text("labextension", { format: "iife", define });
const load = `static/${named("remoteEntry", script)}`;

mkdirSync(widgets, { recursive: true });
writeFileSync(`${widgets}/run.js`, run.contents);
writeFileSync(`${widgets}/inspect.js`, inspect.contents);
rmSync(`${labextension}/static`, { recursive: true, force: true });
mkdirSync(`${labextension}/static`, { recursive: true });
writeFileSync(`${labextension}/static/${inspector}`, inspect.contents);
writeFileSync(`${labextension}/${load}`, script.contents);

const [, version] = readFileSync(`${root}pyproject.toml`, "utf8").match(/^version = "(.+)"$/m);
writeJson(`${labextension}/package.json`, {
  name: "dspnb",
  version,
  description: "Shows the runs and calls in a saved notebook, with no kernel.",
  license: "Apache-2.0",
  jupyterlab: {
    extension: true,
    mimeExtension: true,
    _build: { load, extension: "./extension", mimeExtension: "./mimeExtension" },
  },
});
// Last, because `make` takes the age of this file for the age of the build.
writeJson(`${labextension}/install.json`, {
  packageManager: "python",
  packageName: "dspnb",
  uninstallInstructions: "Uninstall the Python package: pip uninstall dspnb",
});
