import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import nuxt from '../../src/nuxt.ts'
import { declaredOf } from '../../src/pipeline/index.ts'
import { fixTypes } from '../../src/types/fix.ts'
import { buildPackage } from './project.ts'
import { addBytes, appOf, isInstalled, runIn, typescripts, useOf } from './tools.ts'

// Each framework's configurations as its template writes them, checked as the framework does.

let packageFolder: string

beforeAll(async () => {
  packageFolder = await mkdtemp(join(tmpdir(), 'onnx-mlir-package-'))
  await buildPackage(packageFolder)
})

afterAll(() => rm(packageFolder, { recursive: true, force: true }))

const fix = (root: string) => fixTypes({ root, signatureOf: declaredOf })
const config = (root: string, name = 'tsconfig.json') => readFile(join(root, name), 'utf8')

const viteApp = `{
  "compilerOptions": {
    "tsBuildInfoFile": "./node_modules/.tmp/tsconfig.app.tsbuildinfo",
    "target": "es2023",
    "lib": ["ES2023", "DOM"],
    "module": "esnext",
    "types": ["vite/client"],
    "allowArbitraryExtensions": true,
    "skipLibCheck": true,

    /* Bundler mode */
    "moduleResolution": "bundler",
    "allowImportingTsExtensions": true,
    "verbatimModuleSyntax": true,
    "noEmit": true,
    "strict": true,
    "noUnusedLocals": true
  },
  "include": ["src"]
}
`
const viteNode = `{
  "compilerOptions": {
    "tsBuildInfoFile": "./node_modules/.tmp/tsconfig.node.tsbuildinfo",
    "target": "es2023",
    "module": "nodenext",
    "types": [],
    "noEmit": true
  },
  "include": ["vite.config.ts"]
}
`
const solution = `{
  "files": [],
  "references": [
    { "path": "./tsconfig.app.json" },
    { "path": "./tsconfig.node.json" }
  ]
}
`

describe.each(Object.entries(typescripts))('%s', (version, typescript) => {
  // What one version makes of a configuration, the others do; two layouts show it.
  const isNewest = version === 'TypeScript 7'
  const app = (files: Record<string, string | object>, links: readonly string[] = []): Promise<string> =>
    appOf({ 'src/models/add.onnx': addBytes, ...files }, { packageFolder, typescript, links })
  const tsc = (root: string, ...args: string[]) => runIn(root, [join(typescript, 'bin/tsc'), ...args])
  const clean = { code: 0, output: '' }

  test('create-vite: the referenced project that holds the sources is changed, not the solution', async () => {
    const root = await app(
      {
        'tsconfig.json': solution,
        'tsconfig.app.json': viteApp,
        'tsconfig.node.json': viteNode,
        'vite.config.ts': 'export default {}',
        'src/main.ts': useOf('./models/add.onnx'),
        'src/models/hand.tflite': addBytes,
        'src/hand.ts': useOf('./models/hand.tflite'),
      },
      ['vite'],
    )
    const { fixed, problems } = await fix(root)
    expect(problems).toEqual([])
    expect(fixed.map(({ file }) => file)).toEqual(['tsconfig.app.json', 'package.json'])
    expect([await config(root), await config(root, 'tsconfig.node.json')]).toEqual([solution, viteNode])
    expect(await config(root, 'tsconfig.app.json')).toBe(
      viteApp
        .replace('{\n', '{\n  "extends": "unplugin-onnx-mlir/tsconfig",\n')
        .replace('["src"]', '["src", "./.onnx-mlir/types/models.d.ts"]'),
    )
    expect(await tsc(root, '-b')).toEqual(clean)
    // There is nothing left to do.
    const again = await fix(root)
    expect([again.fixed, again.problems, again.written]).toEqual([[], [], []])
  })

  test.runIf(isNewest)('Next.js: globs, which match no folder that begins with a dot', async () => {
    const root = await app({
      'tsconfig.json': {
        compilerOptions: {
          target: 'ES2017',
          lib: ['dom', 'dom.iterable', 'esnext'],
          allowJs: true,
          skipLibCheck: true,
          strict: true,
          noEmit: true,
          esModuleInterop: true,
          module: 'esnext',
          moduleResolution: 'bundler',
          resolveJsonModule: true,
          isolatedModules: true,
          jsx: 'react-jsx',
          incremental: true,
          plugins: [{ name: 'next' }],
          types: [],
          paths: { '@/*': ['./src/*'] },
        },
        include: ['next-env.d.ts', '**/*.ts', '**/*.tsx', '.next/types/**/*.ts', '.next/dev/types/**/*.ts', '**/*.mts'],
        exclude: ['node_modules'],
      },
      'next-env.d.ts': '',
      'src/app/route.ts': useOf('../models/add.onnx'),
      'src/app/other.ts': useOf('@/models/add.onnx'),
    })
    const { fixed, problems } = await fix(root)
    expect(problems).toEqual([])
    expect(fixed.map(({ file }) => file)).toEqual(['tsconfig.json', 'package.json'])
    expect(await tsc(root, '-p', '.')).toEqual(clean)
    expect((await fix(root)).fixed).toEqual([])
  })

  test.runIf(isNewest)('Astro', async () => {
    const root = await app({
      // As astro/tsconfigs/base.json and strict.json are.
      'node_modules/astro/package.json': { name: 'astro', exports: { './tsconfigs/*': './tsconfigs/*.json' } },
      'node_modules/astro/tsconfigs/base.json': {
        compilerOptions: {
          target: 'ESNext',
          module: 'ESNext',
          moduleResolution: 'Bundler',
          allowImportingTsExtensions: true,
          resolveJsonModule: true,
          verbatimModuleSyntax: true,
          isolatedModules: true,
          noEmit: true,
          esModuleInterop: true,
          skipLibCheck: true,
          allowJs: true,
          jsx: 'preserve',
          types: [],
        },
      },
      'node_modules/astro/tsconfigs/strict.json': { extends: './base.json', compilerOptions: { strict: true } },
      'tsconfig.json':
        '{\n  "extends": "astro/tsconfigs/strict",\n  "include": [".astro/types.d.ts", "**/*"],\n  "exclude": ["dist"]\n}\n',
      'src/env.d.ts': '/// <reference path="../.astro/types.d.ts" />',
      '.astro/types.d.ts': '',
      'src/sum.ts': useOf('./models/add.onnx'),
      'src/pages/index.astro': `---\nimport model from '../models/add.onnx?O=3'\n---\n`,
    })
    expect((await fix(root)).problems).toEqual([])
    expect(await config(root)).toBe(
      '{\n  "extends": ["astro/tsconfigs/strict", "unplugin-onnx-mlir/tsconfig"],\n' +
        '  "include": [".astro/types.d.ts", "**/*", "./.onnx-mlir/types/models.d.ts"],\n  "exclude": ["dist"]\n}\n',
    )
    expect(await tsc(root, '-p', '.')).toEqual(clean)
  })

  test.runIf(isNewest)('Nuxt: what it writes itself is not changed, and the advice for nuxt.config works', async () => {
    const generated = (include: string[]) => ({
      compilerOptions: {
        target: 'ESNext',
        module: 'preserve',
        strict: true,
        noEmit: true,
        skipLibCheck: true,
        types: [],
      },
      include,
    })
    const root = await app({
      'tsconfig.json': {
        files: [],
        references: ['app', 'server', 'shared', 'node'].map((name) => ({ path: `./.nuxt/tsconfig.${name}.json` })),
      },
      '.nuxt/tsconfig.app.json': generated(['./nuxt.d.ts', '../app/**/*']),
      '.nuxt/tsconfig.server.json': generated(['../server/**/*']),
      '.nuxt/tsconfig.shared.json': generated(['../shared/**/*']),
      '.nuxt/tsconfig.node.json': generated(['../nuxt.config.*']),
      '.nuxt/nuxt.d.ts': '',
      'nuxt.config.ts': 'export default {}',
      'app/sum.ts': useOf('../src/models/add.onnx'),
      'server/api/sum.ts': useOf('../../src/models/add.onnx'),
      'shared/empty.ts': 'export {}',
    })
    const before = await config(root, '.nuxt/tsconfig.app.json')
    const { fixed, problems } = await fix(root)
    expect(problems.map(({ file }) => file)).toEqual(['.nuxt/tsconfig.app.json', '.nuxt/tsconfig.server.json'])
    expect(fixed.map(({ file }) => file)).toEqual(['package.json'])
    expect(await config(root, '.nuxt/tsconfig.app.json')).toBe(before)
    expect(problems[0]?.message).toContain('typescript: { tsConfig: {')
    expect(problems[1]?.message).toContain('nitro: { typescript: { tsConfig: {')
    for (const { file, message } of problems) {
      const advised = JSON.parse(/tsConfig: (\{.*?\}) \}/.exec(message)?.[1] ?? '') as ReturnType<typeof generated>
      const own = JSON.parse(await config(root, file)) as typeof advised
      // As Nuxt merges them.
      const merged = {
        compilerOptions: { ...own.compilerOptions, ...advised.compilerOptions },
        include: [...own.include, ...advised.include],
      }
      await writeFile(join(root, file), JSON.stringify(merged))
    }
    expect((await fix(root)).problems).toEqual([])
    for (const name of ['app', 'server', 'node'])
      expect(await tsc(root, '-p', `.nuxt/tsconfig.${name}.json`)).toEqual(clean)
  })

  test.runIf(isNewest)('Nuxt with our module: what it writes has the types from the start', async () => {
    const root = await app({
      'app/sum.ts': useOf('../src/models/add.onnx'),
      'server/sum.ts': useOf('../src/models/add.onnx'),
    })
    const hooks = new Map<string, (given: object) => unknown>()
    const hook = (name: string, run: (given: never) => unknown) => hooks.set(name, run as (given: object) => unknown)
    nuxt({}, { options: { rootDir: root, buildDir: join(root, '.nuxt') }, hook })
    const base = { target: 'ESNext', module: 'preserve', strict: true, noEmit: true, skipLibCheck: true, types: [] }
    const tsConfig = { compilerOptions: base, include: ['../app/**/*'], exclude: ['../node_modules'] }
    const sharedTsConfig = { compilerOptions: { ...base }, include: ['../shared/**/*'] }
    await hooks.get('prepare:types')?.({ tsConfig, sharedTsConfig, references: [] })
    const nitro = { typescript: { tsConfig: { compilerOptions: base, include: ['../server/**/*'] } } }
    await hooks.get('nitro:config')?.(nitro)

    await mkdir(join(root, '.nuxt'))
    const written = { app: tsConfig, server: nitro.typescript.tsConfig, shared: sharedTsConfig }
    for (const [name, config] of Object.entries(written)) {
      const path = join(root, `.nuxt/tsconfig.${name}.json`)
      await writeFile(path, JSON.stringify(config))
      expect(await tsc(root, '-p', path)).toEqual(clean)
    }
    const references = Object.keys(written).map((name) => ({ path: `./.nuxt/tsconfig.${name}.json` }))
    await writeFile(join(root, 'tsconfig.json'), JSON.stringify({ files: [], references }))
    const { problems, fixed } = await fix(root)
    expect([problems, fixed.map(({ file }) => file)]).toEqual([[], ['package.json']])
  })

  test.runIf(isNewest)('a monorepo: projects that build each other, models of a package of it', async () => {
    const composite = {
      composite: true,
      declaration: true,
      outDir: './out',
      module: 'nodenext',
      strict: true,
      target: 'es2022',
      types: [],
    }
    const root = await app({
      'tsconfig.json': { files: [], references: [{ path: './packages/model' }, { path: './packages/app' }] },
      'packages/model/package.json': {
        name: '@acme/model',
        type: 'module',
        exports: {
          './*.onnx': './files/*.onnx',
          '.': { types: './out/src/index.d.ts', default: './out/src/index.js' },
        },
      },
      'packages/model/tsconfig.json': { compilerOptions: { ...composite, rootDir: '.' }, include: ['src'] },
      'packages/model/src/index.ts': useOf('../files/add.onnx'),
      'packages/model/files/add.onnx': addBytes,
      'packages/app/package.json': { name: 'app', type: 'module' },
      'packages/app/tsconfig.json': {
        compilerOptions: { ...composite, rootDir: '.' },
        include: ['src'],
        references: [{ path: '../model' }],
      },
      'packages/app/src/main.ts': `export { sum } from '@acme/model'\n${useOf('@acme/model/add.onnx').replace('sum', 'own')}`,
    })
    await runIn(root, [
      '-e',
      `fs.mkdirSync('node_modules/@acme'); fs.symlinkSync('../../packages/model', 'node_modules/@acme/model')`,
    ])
    const { problems, fixed } = await fix(root)
    expect(problems).toEqual([])
    expect(fixed.map(({ file }) => file)).toEqual([
      'packages/model/tsconfig.json',
      'packages/app/tsconfig.json',
      'package.json',
    ])
    expect(await tsc(root, '-b')).toEqual(clean)
  })

  test('one package of a monorepo, whose models are in another', async () => {
    const root = await app({
      'packages/model/package.json': { name: '@acme/model', exports: { './models/*': './files/*' } },
      'packages/model/files/add.onnx': addBytes,
      'packages/app/package.json': { name: 'app', type: 'module' },
      'tsconfig.base.json': {
        compilerOptions: { module: 'nodenext', strict: true, target: 'es2022', types: [], noEmit: true },
      },
      'packages/app/tsconfig.json': '{\n  // shared\n  "extends": "../../tsconfig.base.json"\n}\n',
      'packages/app/src/main.ts': useOf('@acme/model/models/add.onnx'),
      'packages/app/src/above.ts': useOf('../../model/files/add.onnx'),
    })
    await runIn(root, [
      '-e',
      `fs.mkdirSync('node_modules/@acme'); fs.symlinkSync('../../packages/model', 'node_modules/@acme/model')`,
    ])
    expect((await fix(join(root, 'packages/app'))).problems).toEqual([])
    expect(await tsc(join(root, 'packages/app'), '-p', '.')).toEqual(clean)
  })
})

describe.skipIf(!isInstalled)('with tools of their own', () => {
  const typescript = typescripts['TypeScript 5.9']!

  test('create-vue: vue-tsc, with tests that extend the configuration of the app', async () => {
    const root = await appOf(
      {
        'tsconfig.json': solution.replace('\n  ]', ',\n    { "path": "./tsconfig.vitest.json" }\n  ]'),
        'tsconfig.node.json': viteNode,
        'tsconfig.app.json': `{
  "extends": "@vue/tsconfig/tsconfig.dom.json",
  "include": ["env.d.ts", "src/**/*", "src/**/*.vue"],
  "exclude": ["src/**/__tests__/*"],
  "compilerOptions": {
    // Extra safety for array and object lookups, but may have false positives.
    "noUncheckedIndexedAccess": true,

    // Path mapping for cleaner imports.
    "paths": {
      "@/*": ["./src/*"]
    },
    "tsBuildInfoFile": "./node_modules/.tmp/tsconfig.app.tsbuildinfo"
  }
}
`,
        'tsconfig.vitest.json': `{
  "extends": "./tsconfig.app.json",

  // Override to include only test files and clear exclusions.
  "include": ["src/**/__tests__/*", "env.d.ts"],
  "exclude": [],
  "compilerOptions": { "lib": ["ES2022", "DOM"], "types": [], "tsBuildInfoFile": "./node_modules/.tmp/tsconfig.vitest.tsbuildinfo" }
}
`,
        'vite.config.ts': 'export default {}',
        'env.d.ts': '/// <reference types="vite/client" />',
        'src/add.onnx': addBytes,
        'src/App.vue': `<script setup lang="ts">${useOf('@/add.onnx').replace('export ', '')}</script>
<template>{{ sum }}</template>`,
        'src/sum.ts': useOf('./add.onnx'),
        'src/__tests__/sum.spec.ts': `import '../sum'\n${useOf('../add.onnx')}`,
      },
      { packageFolder, typescript, links: ['vue', '@vue/tsconfig', 'vite'] },
    )
    const { problems, fixed } = await fix(root)
    expect(problems).toEqual([])
    expect(fixed.map(({ file }) => file)).toEqual(['tsconfig.app.json', 'tsconfig.vitest.json', 'package.json'])
    const vueTsc = join(import.meta.dirname, 'installed/node_modules/vue-tsc/bin/vue-tsc.js')
    expect(await runIn(root, [vueTsc, '-b'])).toEqual({ code: 0, output: '' })
  })

  test('SvelteKit: our folders join those that it writes, and its own types stay', async () => {
    const root = await appOf(
      {
        'package.json': { private: true, type: 'module', scripts: { prepare: "svelte-kit sync || echo ''" } },
        'svelte.config.js': 'export default { kit: {} }',
        'tsconfig.json': `{
	"extends": "./.svelte-kit/tsconfig.json",
	"compilerOptions": {
		"rewriteRelativeImportExtensions": true,
		"strict": true,
		"skipLibCheck": true // faster
	}
	// If you want to overwrite includes/excludes, copy them.
}
`,
        'src/app.html': '<html><head>%sveltekit.head%</head><body>%sveltekit.body%</body></html>',
        'src/lib/add.onnx': addBytes,
        'src/lib/sum.ts': useOf('./add.onnx'),
        'src/routes/+page.server.ts': `import { sum } from '$lib/sum'
import type { PageServerLoad } from './$types'
${useOf('$lib/add.onnx').replace('sum', 'other').replace('export ', '')}
export const load: PageServerLoad = async ({ params }) => ({ y: [await sum(new Float32Array(3)), await other(new Float32Array(3))], params })`,
        'src/routes/+page.svelte': `<script lang="ts">
  import model from '../lib/add.onnx?O=3'
  import type { PageProps } from './$types'
  let { data }: PageProps = $props()
  const first: number = model.inputs[0].shape[0]
</script>
{data.y[0]?.length} {first}`,
      },
      { packageFolder, typescript, links: ['svelte', '@sveltejs/kit', 'vite'] },
    )
    const sync = join(import.meta.dirname, 'installed/node_modules/@sveltejs/kit/svelte-kit.js')
    expect(await runIn(root, [sync, 'sync'])).toMatchObject({ code: 0 })
    const { problems, fixed } = await fix(root)
    expect(problems).toEqual([])
    expect(fixed.map(({ file }) => file)).toEqual(['tsconfig.json', 'package.json'])
    expect(await config(root)).toBe(`{
	"extends": "./.svelte-kit/tsconfig.json",
	"compilerOptions": {
		"rewriteRelativeImportExtensions": true,
		"strict": true,
		"skipLibCheck": true, // faster
		"allowArbitraryExtensions": true,
		"rootDirs": [".", "./.onnx-mlir/types", "./.svelte-kit/types"]
	},
	// If you want to overwrite includes/excludes, copy them.
	"files": ["./.onnx-mlir/types/models.d.ts"]
}
`)
    const check = join(import.meta.dirname, 'installed/node_modules/svelte-check/bin/svelte-check')
    const { code, output } = await runIn(root, [check, '--tsconfig', './tsconfig.json', '--output', 'machine'])
    expect({ code, output }).toEqual({ code: 0, output: expect.stringMatching(/ 0 ERRORS 0 WARNINGS/) })
  })
})
