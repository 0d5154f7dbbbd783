import { join } from 'node:path'
import { build } from 'esbuild'
import esbuildPlugin from '../../src/esbuild.ts'
import type { HostOptions } from '../../src/plugin/models.ts'

/** Bundles `app.js` of a project for Node on Windows, here. */
export async function buildHere(project: string, outdir: string, options: HostOptions): Promise<void> {
  await build({
    entryPoints: [join(project, 'app.js')],
    absWorkingDir: project,
    outdir,
    bundle: true,
    format: 'esm',
    platform: 'node',
    logLevel: 'silent',
    plugins: [esbuildPlugin({ types: false, ...options })],
  })
}
