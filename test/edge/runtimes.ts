import { existsSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import { onTestFinished } from 'vitest'

/** What a worker answers. */
interface Answer {
  json(): Promise<unknown>
}

/** The part of miniflare's API that these tests need. */
interface Miniflare {
  readonly Miniflare: new (options: object) => {
    dispatchFetch(url: string, init?: object): Promise<Answer>
    dispose(): Promise<void>
  }
}

/** The example's, or wrangler's. */
const owner = [resolve('examples/edge-worker/demo'), resolve('test/edge/installed')].find((folder) =>
  existsSync(`${folder}/node_modules/miniflare`),
)

export const miniflare = owner === undefined ? undefined : (createRequire(`${owner}/`)('miniflare') as Miniflare)
if (!miniflare)
  console.log('skipped: workerd is not installed; run npm ci --ignore-scripts --prefix examples/edge-worker/demo')

/**
 * Runs a built worker in workerd until the test ends.
 *
 * @param folder what was built, all of it
 * @param script of the worker, below it
 * @returns posts JSON to it and gives the JSON that it answers
 */
export function startWorker(folder: string, script: string): (body: unknown) => Promise<unknown> {
  const worker = new miniflare!.Miniflare({
    modules: true,
    modulesRoot: folder,
    scriptPath: resolve(folder, script),
    modulesRules: [
      { type: 'ESModule', include: ['**/*.js', '**/*.mjs'] },
      { type: 'CompiledWasm', include: ['**/*.wasm'] },
    ],
    compatibilityDate: '2026-04-01',
  })
  onTestFinished(() => worker.dispose())
  return async (body) => {
    const answer = await worker.dispatchFetch('http://worker/', { method: 'POST', body: JSON.stringify(body) })
    return answer.json()
  }
}

/** Where packages of `test/edge/installed` are, whose binaries run without their install scripts. */
const modules = resolve('test/edge/installed/node_modules')

/** How a program is run by a runtime other than Node: with no more rights than to read its own folder. */
export interface Runtime {
  readonly name: string
  /** Absent where it is not installed. */
  readonly command: string | undefined
  /** @param variables of the environment that the program asks for */
  args(script: string, folder: string, variables: readonly string[]): readonly string[]
}

export const runtimes: readonly Runtime[] = [
  { name: 'Node', command: process.execPath, args: (script) => [script] },
  {
    name: 'Deno',
    command: binary('@deno', 'deno'),
    args: (script, folder, variables) => [
      'run',
      '--no-config',
      '--no-prompt',
      '--no-remote',
      `--allow-read=${folder}`,
      ...variables.map((name) => `--allow-env=${name}`),
      script,
    ],
  },
  { name: 'Bun', command: binary('@oven', 'bin/bun'), args: (script) => ['--no-install', script] },
]
for (const { name, command } of runtimes)
  if (!command)
    console.log(`skipped: ${name} is not installed; run npm ci --ignore-scripts --prefix test/edge/installed`)

/** Of the package for this machine that npm chose among those of a scope. */
function binary(scope: string, path: string): string | undefined {
  const folder = `${modules}/${scope}`
  const names = existsSync(folder) ? readdirSync(folder) : []
  return names.map((name) => `${folder}/${name}/${path}`).find((file) => existsSync(file))
}
