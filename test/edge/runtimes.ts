import { existsSync } from 'node:fs'
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

const edgeWorker = resolve('examples/edge-worker/demo')

export const miniflare = existsSync(`${edgeWorker}/node_modules/miniflare`)
  ? (createRequire(`${edgeWorker}/`)('miniflare') as Miniflare)
  : undefined
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
