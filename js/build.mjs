/** Build the widgets and the labextension into the Python package: `npm run build`, or `make`. */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const source = (name) => `${root}js/src/${name}/index.ts`;

const widgets = `${root}dspnb/notebook/static`;
const labextension = `${root}dspnb/labextension`;
const entry = "static/remoteEntry.dspnb.js";

const options = {
  bundle: true,
  minify: true,
  target: "es2022",
  charset: "utf8",
  legalComments: "none",
  loader: { ".css": "text" },
  logLevel: "warning",
};

await Promise.all([
  build({ ...options, format: "esm", entryPoints: [source("run")], outfile: `${widgets}/run.js` }),
  build({ ...options, format: "esm", entryPoints: [source("inspect")], outfile: `${widgets}/inspect.js` }),
  build({
    ...options,
    format: "iife",
    entryPoints: [source("labextension")],
    outfile: `${labextension}/${entry}`,
  }),
]);

// What JupyterLab reads to find the extension: the script of module federation and the two modules in it.
const [, version] = readFileSync(`${root}pyproject.toml`, "utf8").match(/^version = "(.+)"$/m);
const manifest = {
  name: "dspnb",
  version,
  description: "Shows saved dspnb runs and inspectors, with no kernel.",
  license: "Apache-2.0",
  jupyterlab: {
    extension: true,
    mimeExtension: true,
    _build: { load: entry, extension: "./extension", mimeExtension: "./mimeExtension" },
  },
};
const install = {
  packageManager: "python",
  packageName: "dspnb",
  uninstallInstructions: "Uninstall the Python package: pip uninstall dspnb",
};
// Last, because `make` takes the age of install.json for the age of the build.
writeFileSync(`${labextension}/package.json`, `${JSON.stringify(manifest, null, 2)}\n`);
writeFileSync(`${labextension}/install.json`, `${JSON.stringify(install, null, 2)}\n`);
