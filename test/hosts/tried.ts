/** Where a row of the strangers' table (`../shared/reference/hosts-tried.md`) is executed, or why it is not. */
export type Outcome = { readonly by: readonly [file: string, test: string][] } | { readonly because: string }

const by = (...tests: readonly [file: string, test: string][]): Outcome => ({ by: tests })

const table = 'test/hosts/table.test.ts'
const types = 'test/types/frameworks.test.ts'
const fix = 'test/types/tsconfig-fix.test.ts'
const builders = 'test/frameworks/builders.test.ts'
const bun = 'test/loaders/bun.test.ts'
const jest = 'test/loaders/jest.test.ts'
const register = 'test/loaders/register.test.ts'
const next = 'test/next/next.test.ts'
const nuxt = 'test/frameworks/nuxt.test.ts'
const astro = 'test/frameworks/astro.test.ts'

/** By what a row begins with: host and situation. */
export const tried: Readonly<Record<string, Outcome>> = {
  'Vite 8.3.8 | SSR build': by([table, 'a model runs']),
  'Vite 8.3.8 | output moved, PATH empty': by(
    [table, 'run by a stranger'],
    ['test/edge/runtimes.test.ts', 'one build runs in every runtime'],
  ),
  'Vite 8.3.8 | SSR format cjs': by([table, 'a model runs']),
  'Vite 8.3.8 | client build': by(['test/hosts/browser/table.test.ts', '']),
  'Vite 8.3.8 | dev SSR': by([
    'test/hosts/vite-dev.test.ts',
    'a model that breaks is an error until it is right again',
  ]),
  'Vite 8.3.8 | `vite preview`': by(['test/hosts/report.test.ts', 'in dev the app runs here while the report for z16']),
  'Vite 8.3.8 | `build --watch`': by(['test/hosts/watch.test.ts', 'a changed model is built']),
  'Vite 8.3.8 | library mode': by(['test/hosts/emission.test.ts', 'a library for browsers whose models are pinned']),
  'Vite 7.3.8 |': by([table, 'one name in folders and formats: apart']),
  'Rollup 4 |': by([table, 'a model of a package']),
  'Rolldown 1.3.2 |': by([table, 'a model runs'], ['test/hosts/emission.test.ts', 'Rolldown: platform browser']),
  'esbuild 0.28 | esm, cjs': by(['test/hosts/esbuild.test.ts', 'write: false gives the files']),
  'esbuild 0.28 | without `platform': by(['test/hosts/esbuild.test.ts', 'without a platform']),
  'esbuild 0.28 | one folder per Lambda': by(['test/hosts/files.test.ts', 'files=inline: all is in the JavaScript']),
  'tsup 8.5.1 |': by([builders, 'both formats of a package']),
  'tsdown 0.21.10 |': by([builders, 'both formats of a package']),
  'tsdown | dts': {
    because: 'declarations of a package are its own: docs/edge.md advises to export a function with types of its own',
  },
  'webpack 5.112 | plugin': by(
    [table, 'a model runs'],
    ['test/hosts/webpack.test.ts', 'code for browsers gets WebAssembly'],
  ),
  'webpack 5.112 | loader': by([table, 'a model runs']),
  'webpack 5.112 | `#`': by([table, 'a path of spaces, #']),
  'webpack 5.112 | spaces': by([table, 'a path of spaces, #']),
  'Rspack 2.3.3 |': by([table, 'a model runs']),
  'Rsbuild 2.3.2 (N22) |': by([table, 'a model runs']),
  'Rslib 1.0.1 (N22) |': by([builders, 'both formats of a package']),
  'Farm (@farmfe/core latest) |': by(['test/loaders/farm.test.ts', '']),
  'Parcel 2.16.4 |': {
    because:
      'a transformer of Parcel emits no files of its own with names that code can refer to at run time; `node --import` and built output work beside it',
  },
  'Bun 1.4.5 | Bun.build': by([bun, 'the plugin of esbuild names ours']),
  'Bun 1.4.5 | `bun m2.ts`': by([bun, 'preloaded by the flag']),
  "Bun 1.4.5 | running Vite's output": by(['test/edge/runtimes.test.ts', 'one build runs in every runtime']),
  'Bun 1.4.5 | `build --compile`': by(['test/frameworks/executables.test.ts', 'of Bun (bun build --compile)']),
  'Node 20/24 |': by([register, 'import and require() of models']),
  'tsx, ts-node --esm |': by([register, 'TypeScript']),
  'Node API |': by(['test/loaders/load-model.test.ts', 'by path or URL']),
  'Vitest 4.1.12 |': by(['test/hosts/vitest.test.ts', '']),
  'Vitest 3 + Vite 7 |': by(['test/hosts/vitest.test.ts', 'Vitest 3, Vite 7']),
  'Jest 30.5.2 (ESM) |': by([jest, 'ES modules']),
  'Jest 30.5.2 | importing already built': by([jest, 'CommonJS'], [table, 'a model runs']),
  'Jest 29.7 + ts-jest (cjs) |': by([jest, 'ts-jest beside it']),
  'Next 16.4.6 `--webpack`': by([next, 'webpack: the same']),
  'Next 16.4.6 Turbopack (the default)': by([next, 'Turbopack: pages, routes']),
  'Next 16.4.6 Turbopack | no config': {
    because:
      "Turbopack runs no loader that is not named: Next's own error says so; docs/hosts/next.md is the line to add",
  },
  'Next 15 |': {
    because: 'its Turbopack has no imports with attributes, by which files of browsers travel: 16.2 is the first',
  },
  'Nuxt 4.5.2 / Nitro (N22) |': by([nuxt, 'Nuxt']),
  'Nuxt 4.5.2 | page': by([nuxt, 'Nuxt']),
  'SvelteKit 2.70.4': by(['test/frameworks/sveltekit.test.ts', 'the server of adapter-node']),
  'Astro 5.18.2, @astrojs/node': by([astro, 'Astro: pages on demand']),
  'Astro 5.18.2 | on-demand': by([astro, 'Astro: pages on demand']),
  'React Router 7.18': by(['test/frameworks/react-router.test.ts', 'loaders run models natively']),
  'NestJS 11 | webpack': by(['test/frameworks/nest.test.ts', 'services run models natively']),
  'NestJS 11 | default (tsc)': by([register, 'what tsc has left behind']),
  'Hono + @hono/node-server |': by(['test/frameworks/hono.test.ts', 'a server of @hono/node-server']),
  'electron-vite 6.0.0': by(['test/frameworks/electron-vite.test.ts', 'native code for the main process']),
  'Storybook, real Electron |': by(
    // Of Electron: `npm install electron` brings a script that downloads the program from GitHub, which neither CI nor these
    // machines reach (`fetch failed`), and neither npm nor Debian have it as a package. Chromium and Node stand for it.
    ['test/frameworks/storybook.test.ts', 'runs its model in the browser'],
    ['test/frameworks/electron-vite.test.ts', 'native code for the main process'],
  ),
  'pnpm 10 workspace': by([table, 'a model of a workspace package']),
  'same, types |': by([types, 'one package of a monorepo, whose models are in another']),
  'model in a real node_modules package': by(
    [table, 'a model of a package'],
    [register, 'import and require() of models'],
  ),
  'Yarn 4.18.1 PnP': by(['test/loaders/yarn.test.ts', '']),
  'path `we ird #1': by([table, 'a path of spaces, #']),
  'output moved to `ö #2': by([table, 'a path of spaces, #']),
  'no C compiler at build': by([
    'test/pipeline/feasible.test.ts',
    'a compiler that is insisted on says what to install',
  ]),
  'no compiler at run': by([table, 'run by a stranger']),
  'node_modules read-only': by(
    ['test/cache/folder.test.ts', 'is the cache of the user where node_modules takes nothing'],
    [table, 'run by a stranger'],
  ),
  '`--ignore-scripts`, offline': by(['test/package/pack.test.ts', '']),
  'Node 22.23, 24.21, 26.10': by([register, 'import and require() of models']),
  'tsc 5.9.x, 6.0.3, 7.0.2': by(['test/types/typecheck.test.ts', 'fixture %s']),
  'moduleResolution node10 |': {
    because: 'it does not read `exports` of packages; TypeScript 6 deprecates it and 7 has it no more',
  },
  'fresh clone: `npm i && tsc`': by(['test/types/package-fix.test.ts', '']),
  '`types --fix`, tsconfig with own': by([fix, 'what a base states stays']),
  '`types --fix`, Next tsconfig': by(
    [types, 'Next.js: globs'],
    ['test/next/types.test.ts', 'next build checks the types'],
  ),
  '`types --fix`, create-vite': by([types, 'create-vite: the referenced project']),
  '`types --fix`, Nuxt': by([types, 'Nuxt: what it writes itself']),
  '`types --fix`, SvelteKit': by([types, 'SvelteKit: our folders join']),
  'svelte-check, no skipLibCheck |': by([types, 'SvelteKit: our folders join']),
  'vue-tsc |': by([types, 'create-vue: vue-tsc']),
  'typescript-eslint recommendedTypeChecked': by(['test/types/linters.test.ts', '']),
  'prettier --check .': by(['test/types/linters.test.ts', '']),
  '`unplugin-onnx-mlir/client`': by(['test/types/client.test.ts', 'alone and as the last of several']),
}
