import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join, resolve } from 'node:path'
import { onTestFinished } from 'vitest'
import type { Signature } from '../../src/cache/artifact.ts'

export const repository = resolve(import.meta.dirname, '../..')

/** The models of these tests are signatures as JSON text: what is tested begins where a signature is known. */
export async function signatureOf(path: string): Promise<Signature> {
  return JSON.parse(await readFile(path, 'utf8')) as Signature
}

/** A folder that is gone after the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'onnx-mlir-types-')))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** A project from path → text; objects become JSON. */
export async function projectOf(files: Record<string, string | Uint8Array | object>): Promise<string> {
  const root = await temporaryFolder()
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), isContent(content) ? content : JSON.stringify(content))
  }
  return root
}

/** A copy of `fixtures/<name>` in which this package, as built into `packageFolder`, is installed. */
export async function installedFixture(name: string, packageFolder: string): Promise<string> {
  const root = await temporaryFolder()
  await cp(join(import.meta.dirname, 'fixtures', name), root, { recursive: true })
  await mkdir(join(root, 'node_modules'))
  await symlink(packageFolder, join(root, 'node_modules/unplugin-onnx-mlir'), 'junction')
  return root
}

/**
 * What users get to see of this package's types: declarations, the client and the base configuration.
 *
 * @param sources what is declared, below `src`; the runtime by default
 */
export async function buildPackage(
  folder: string,
  sources: readonly string[] = ['runtime/index.ts', 'runtime/node.ts', 'runtime/web.ts'],
): Promise<void> {
  for (const file of ['package.json', 'client.d.ts', 'tsconfig.base.json']) {
    await cp(join(repository, file), join(folder, file))
  }
  const config = {
    extends: join(repository, 'tsconfig.json'),
    compilerOptions: {
      noEmit: false,
      declaration: true,
      emitDeclarationOnly: true,
      rootDir: join(repository, 'src'),
      outDir: join(folder, 'dist'),
      typeRoots: [join(repository, 'node_modules/@types')],
    },
    include: [],
    files: sources.map((file) => join(repository, 'src', file)),
  }
  await writeFile(join(folder, 'build.json'), JSON.stringify(config))
  const { code, output } = await tsc(installedTsc, ['-p', join(folder, 'build.json')])
  if (code !== 0) throw new Error(`The runtime's declarations can't be built:\n${output}`)
}

const installedTsc = join(repository, 'node_modules/typescript/bin/tsc')

/** Paths of `tsc` to check with: `ONNX_MLIR_TSC`, a list like `PATH`, or the installed one. */
export const tscPaths = process.env['ONNX_MLIR_TSC']?.split(delimiter).filter(Boolean) ?? [installedTsc]

export function tsc(
  path: string,
  args: readonly string[],
  cwd = repository,
): Promise<{ code: number; output: string }> {
  return new Promise((done) => {
    execFile(
      process.execPath,
      [path, ...args, '--pretty', 'false'],
      { cwd, maxBuffer: 1 << 26 },
      (error, stdout, stderr) => {
        done({ code: error ? Number(error.code ?? -1) : 0, output: stdout + stderr })
      },
    )
  })
}

function isContent(content: string | Uint8Array | object): content is string | Uint8Array {
  return typeof content === 'string' || content instanceof Uint8Array
}
