import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildPackage, repository } from './project.ts'
import { appOf, runIn, typescripts } from './tools.ts'

// A project without @types/node that checks all declarations it reads: ours need none but those of the host they are for, and
// the names that the DOM and Node share (AbortSignal, URL). The runtime needs not even these, see typecheck.test.ts.

const { exports, peerDependencies } = JSON.parse(await readFile(join(repository, 'package.json'), 'utf8')) as {
  exports: Record<string, { types?: string } | string>
  peerDependencies: Record<string, string>
}
const typed = Object.entries(exports).flatMap(([subpath, target]) =>
  typeof target === 'object' && target.types ? [[subpath.slice(1), target.types] as const] : [],
)
const hosts = ['vite', 'rollup', 'rolldown', 'webpack', '@rspack/core', '@rsbuild/core', 'esbuild']
const hostless = new Set(['', '/runtime', '/runtime/node', '/runtime/web', '/client'])

let packageFolder: string

beforeAll(async () => {
  packageFolder = await mkdtemp(join(tmpdir(), 'onnx-mlir-package-'))
  const sources = typed.flatMap(([, path]) => /^\.\/dist\/(.*)\.d\.ts$/.exec(path)?.[1] ?? [])
  await buildPackage(
    packageFolder,
    sources.map((name) => `${name}.ts`),
  )
})

afterAll(() => rm(packageFolder, { recursive: true, force: true }))

describe.each(Object.entries(typescripts))('%s', (_, typescript) => {
  const errorsOf = async (subpaths: readonly string[], links: readonly string[]): Promise<string[]> => {
    const root = await appOf(
      {
        'tsconfig.json': {
          compilerOptions: {
            module: 'nodenext',
            target: 'es2022',
            types: [],
            strict: true,
            noEmit: true,
            skipLibCheck: false,
            // Links are as if they were folders, from which the types of Node are not to be found.
            preserveSymlinks: true,
          },
        },
        'src/main.ts': subpaths.map((path, i) => `import type * as x${i} from 'unplugin-onnx-mlir${path}'`).join('\n'),
        'src/client.ts': '/// <reference types="unplugin-onnx-mlir/client" />',
      },
      { packageFolder, typescript, links },
    )
    const { output } = await runIn(root, [join(typescript, 'bin/tsc'), '-p', '.'])
    return output.split('\n').filter((line) => /error/.test(line))
  }

  test('what no host is needed for is clean without one', async () => {
    const subpaths = typed
      .map(([subpath]) => subpath)
      .filter((subpath) => hostless.has(subpath) && subpath !== '/client')
    expect(subpaths).toHaveLength(hostless.size - 1)
    expect(await errorsOf(subpaths, [])).toEqual([])
  })

  test('what a host is needed for is clean with it', async () => {
    const subpaths = typed.map(([subpath]) => subpath).filter((subpath) => !hostless.has(subpath))
    const errors = await errorsOf(subpaths, hosts)
    const absent = Object.keys(peerDependencies).filter((name) => !hosts.includes(name))
    const ours = errors
      .filter((line) => line.startsWith('node_modules/unplugin-onnx-mlir/') || line.startsWith('src/'))
      .filter((line) => !absent.some((name) => line.includes(`Cannot find module '${name}'`)))
    expect(ours).toEqual([])
  })
})
