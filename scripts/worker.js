// The programs of workers, each as one text: the worker of Node travels in the runtime, the one of browsers is a file.
import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const runtime = join(dirname(fileURLToPath(import.meta.url)), '..', 'src', 'runtime')

/**
 * A worker's program, which imports nothing but Node's own modules.
 *
 * @param {'node' | 'browser'} platform
 * @returns {Promise<string>}
 */
export async function workerProgram(platform) {
  const { outputFiles } = await build({
    entryPoints: [join(runtime, platform === 'node' ? 'wasm/node-worker.ts' : 'worker.ts')],
    platform,
    bundle: true,
    minify: true,
    write: false,
    format: platform === 'node' ? 'cjs' : 'iife',
    target: 'es2022',
  })
  return outputFiles[0].text
}

/** What src/runtime/wasm/worker-source.ts is once it is built. */
export async function workerModule() {
  return `export const workerSource = ${JSON.stringify(await workerProgram('node'))}\n`
}

/**
 * Writes them where the package has them.
 *
 * @param {string} folder the runtime's, of what tsc wrote
 */
export async function writeWorkers(folder) {
  const program = await workerProgram('browser')
  await writeFile(join(folder, 'worker.js'), program)
  await writeFile(join(folder, 'worker-text.js'), `export const workerText = ${JSON.stringify(program)}\n`)
  await writeFile(join(folder, 'wasm', 'worker-source.js'), await workerModule())
}

/** For tests, which import the sources. */
export const workerInSources = {
  name: 'worker-in-sources',
  enforce: 'pre',
  load: (id) => (id.endsWith('/src/runtime/wasm/worker-source.ts') ? workerModule() : undefined),
}
