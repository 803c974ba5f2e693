// node build.mjs                        builds src/ into ../dist/app.js and app.css;
//   --out FOLDER                        writes these to FOLDER in place of ../dist;
//   --from FILE                         builds FILE in place of src/main.tsx;
//   --plain                             does not minify;
// node build.mjs --tests                builds tests/*.test.ts into .tests/, for node --test;
// node build.mjs --node FROM.ts TO.mjs  builds one module for Node, such as those that Python's tests run.
import fs from "node:fs";
import path from "node:path";
import { build } from "esbuild";

const here = import.meta.dirname;
const common = {
  bundle: true,
  target: "es2022",
  jsx: "automatic",
  jsxImportSource: "preact",
  charset: "utf8",
  legalComments: "none",
  logLevel: "warning",
  loader: { ".json": "json" },
};
const node = {
  format: "esm",
  platform: "node",
  // CommonJS parts of libraries require modules of Node.
  banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
  sourcemap: "inline",
};
if (process.argv.includes("--node")) {
  const [from, to] = process.argv.slice(process.argv.indexOf("--node") + 1);
  await build({ ...common, ...node, entryPoints: [path.resolve(from)], outfile: path.resolve(to) });
} else if (process.argv.includes("--tests")) {
  const tests = fs.readdirSync(path.join(here, "tests")).filter((name) => name.endsWith(".test.ts"));
  await build({
    ...common,
    entryPoints: tests.map((name) => path.join(here, "tests", name)),
    outdir: path.join(here, ".tests"),
    outExtension: { ".js": ".mjs" },
    external: ["typescript"], // it is large, and installed where the tests run
    ...node,
  });
} else {
  const option = (name, otherwise) => {
    const place = process.argv.indexOf(name);
    return place < 0 ? otherwise : path.resolve(process.argv[place + 1]);
  };
  const folder = option("--out", path.join(here, "..", "dist"));
  await build({
    ...common,
    entryPoints: [option("--from", path.join(here, "src", "main.tsx"))],
    outfile: path.join(folder, "app.js"),
    format: "iife",
    minify: !process.argv.includes("--plain"),
  });
}
