import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, symlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { addModel } from '../hosts/models.ts'
import { projectOf, repository } from './project.ts'

// What checks types: TypeScript 7 is the repository's own, the rest is in test/types/installed.

const installed = join(import.meta.dirname, 'installed/node_modules')
export const isInstalled = existsSync(join(installed, 'typescript/package.json'))
if (!isInstalled)
  console.log(
    'skipped: TypeScript 5.9 and 6, vue-tsc, svelte-check and ESLint are not installed; run npm ci --ignore-scripts --prefix test/types/installed',
  )

/** Folder of each version's package. */
export const typescripts: Readonly<Record<string, string>> = {
  'TypeScript 7': join(repository, 'node_modules/typescript'),
  ...(isInstalled && {
    'TypeScript 5.9': join(installed, 'typescript'),
    'TypeScript 6': join(installed, 'typescript6'),
  }),
}

/**
 * A project that has this package, as built into a folder, a version of TypeScript and whatever else is asked for, by its
 * name in test/types/installed, or in the repository for what is not there.
 */
export async function appOf(
  files: Record<string, string | object>,
  { packageFolder, typescript, links = [] }: { packageFolder: string; typescript: string; links?: readonly string[] },
): Promise<string> {
  const root = await projectOf({ 'package.json': { private: true, type: 'module' }, ...files })
  await mkdir(join(root, 'node_modules'), { recursive: true })
  await symlink(packageFolder, join(root, 'node_modules/unplugin-onnx-mlir'), 'junction')
  await symlink(typescript, join(root, 'node_modules/typescript'), 'junction')
  for (const name of links) {
    const folder = [installed, join(repository, 'node_modules')].map((modules) => join(modules, name)).find(existsSync)
    if (folder === undefined) throw new Error(`${name} is not installed`)
    await mkdir(dirname(join(root, 'node_modules', name)), { recursive: true })
    await symlink(folder, join(root, 'node_modules', name), 'junction')
  }
  return root
}

/** Runs a program of a project's node_modules; nothing printed and 0 is what a check ends with that finds nothing. */
export function runIn(root: string, args: readonly string[]): Promise<{ code: number; output: string }> {
  return new Promise((done) => {
    const env = { ...process.env, FORCE_COLOR: undefined, NO_COLOR: '1', VITEST: undefined } as NodeJS.ProcessEnv
    execFile(process.execPath, args, { cwd: root, env, maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      done({ code: error ? Number(error.code ?? -1) : 0, output: stdout + stderr })
    })
  })
}

export const addBytes = Buffer.from(addModel(1))

/** A source that is right only with exact types, for a model `add.onnx` that is at `path` from it. */
export function useOf(path: string): string {
  return `
import model from '${path}'
import small, { inputs } from '${path}?O=2&target=z16'

export async function sum(x: Float32Array<ArrayBuffer>): Promise<Float32Array> {
  const { y } = await model.run({ x })
  const length: readonly [3] = y.dims
  const name: 'x' = inputs[0].name
  // @ts-expect-error there is no such output
  const { z } = await small.run({ x })
  return [length, name, z].length > 0 ? y.data : x
}
`
}
