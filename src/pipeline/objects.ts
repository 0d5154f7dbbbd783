import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join, relative } from 'node:path'
import type { Signature } from '../cache/artifact.ts'
import { addonFolder, openCache, ownVersion } from '../cache/index.ts'
import { copyWhole, diskError, makeFolder } from '../cache/disk.ts'
import { compileLimits, expectHardened, readingOf } from '../compilers/hardening.ts'
import { UsageError } from '../errors/index.ts'
import { readModel } from '../formats/read.ts'
import { modelHeader, markOf } from '../builtin/header.ts'
import { cName, modelTag } from '../builtin/tag.ts'
import type { ReadOptions } from '../onnx/limits.ts'
import { stemOf } from '../request/extensions.ts'
import type { Request } from '../request/request.ts'
import { resolveTarget, type Target } from '../targets/index.ts'

/** What other programs' linkers take. */
export type ObjectKind = 'obj' | 'archive'

export interface ObjectOptions {
  /** Folder that the files are written to. */
  readonly outDir: string
  /** What the model is called in C, and its files. Default: its file's name as a C identifier. */
  readonly name?: string | undefined
  /** Folder of the cache, where the functions on tensors are kept that an archive has. */
  readonly cache?: string | undefined
  readonly reading?: ReadOptions
  readonly signal?: AbortSignal | undefined
  readonly warn: (line: string) => void
}

export interface ObjectResult {
  /** Path of the `.o` or `.a`. */
  readonly path: string
  readonly header: string
  readonly name: string
  readonly target: Target
  readonly signature: Signature
  readonly arenaBytes: number
  readonly notes: readonly string[]
}

/**
 * Compiles a model by the built-in compiler for a linker: an object file with its weights in it, or an archive that has the functions
 * on tensors, too; and a header. All names that a linker sees bear the model's, so that a program can have several.
 *
 * @throws UsageError for a target without such files, and where files of another model are in the place of these;
 *   ModelError, CompileError, EnvironmentError as when compiling a library
 */
export async function compileToObject(
  request: Request,
  kind: ObjectKind,
  options: ObjectOptions,
): Promise<ObjectResult> {
  const { path, directives } = request
  const target = resolveTarget(directives.target)
  if (target.arch === 'wasm32')
    throw new UsageError(
      'USAGE_TARGET',
      `${path}: there is no object file for wasm: a module is linked already. Leave --emit out.`,
      { model: path },
    )
  expectHardened(request, options.warn)
  const { outDir } = options
  const name = modelName(path, options.name)
  const header = join(outDir, `${name}.h`)
  const model = relative(outDir, path)
  await makeFolder(outDir, OTHER_FOLDER)
  await expectOwn(header, markOf(model, 'Header'))
  // What writes C and compiles it is not loaded before it is clear that it will be.
  const [{ compileBuiltin }, { findCc }] = await Promise.all([
    import('../builtin/index.ts'),
    import('../toolchains/find.ts'),
  ])
  const { store } = openCache({ ...(options.cache && { root: options.cache }), warn: options.warn })
  return store.writing(async (root) => {
    const toolchain = await findCc({ target, memoFolder: root })
    const identity = `unplugin-onnx-mlir ${ownVersion()}`
    const made = await compileBuiltin(await readModel(path, readingOf(request, options.reading)), {
      target,
      toolchain,
      tag: name,
      identity,
      optimize: directives.O,
      dims: new Map(Object.entries(directives.dims)),
      weights: directives.weights,
      limits: compileLimits(request),
      ...(options.signal && { signal: options.signal }),
    })
    const { signature, arenaBytes, notes, folder } = made
    try {
      const file = join(outDir, kind === 'obj' ? `${name}.o` : `lib${name}.a`)
      if (kind === 'obj') await copyWhole(made.library, file, OTHER_FOLDER)
      else {
        const [{ archiveObjects }, { runtimeLibrary }] = await Promise.all([
          import('../toolchains/archive.ts'),
          import('../builtin/runtime-library.ts'),
        ])
        const outDir = join(dirname(addonFolder(root)), 'runtime')
        const runtime = await runtimeLibrary({ target, toolchain, outDir, signal: options.signal })
        await rename(made.library, join(folder, `${name}.o`))
        await archiveObjects(toolchain, 'model.a', [`${name}.o`, runtime.object], { folder, signal: options.signal })
        await copyWhole(join(folder, 'model.a'), file, OTHER_FOLDER)
      }
      await writeFile(
        header,
        modelHeader({ tag: name, model, target, identity, signature, arenaBytes, hasTensors: true }),
      )
      return { path: file, header, name, target, signature, arenaBytes, notes }
    } catch (error) {
      throw diskError(error, outDir, OTHER_FOLDER)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })
}

const OTHER_FOLDER = 'name another folder with --out'

/** File systems take 255, and there are endings. */
const LONGEST = 200

/** What a model is called in C. @throws UsageError for a name that C can't have, or that is another header's or library's */
export function modelName(path: string, given?: string): string {
  const name = given ?? modelTag(basename(stemOf(path)))
  const right = modelTag(name)
  if (name.length > LONGEST)
    throw new UsageError(
      'USAGE_OPTION',
      `Files can't be called by a name of ${name.length} characters; give one of at most ${LONGEST} with --name`,
      { given: name },
    )
  if (right === name) return name
  const isTaken = cName(name) === name ? ' that no header or library has' : ''
  const message = `--name must be a name in C${isTaken}, like ${right}, not ${JSON.stringify(name)}`
  throw new UsageError('USAGE_OPTION', message, { given: name })
}

/**
 * Expects that there is nothing in a file's place but what was made of the same model before.
 *
 * @param mark its first line
 * @throws UsageError
 */
export async function expectOwn(file: string, mark: string): Promise<void> {
  const there = await readFile(file, 'utf8').catch(() => undefined)
  if (there === undefined || there.startsWith(mark)) return
  const model = /^\/\* \w+ of the model (".*") \*\/\n/.exec(there)?.[1]
  const whose = model ? `is of another model, ${model}` : 'is not from compile --emit'
  const message = `${file} ${whose}; give this model another name with --name or a folder of its own with --out, or remove that file`
  throw new UsageError('USAGE_OPTION', message, { file })
}
