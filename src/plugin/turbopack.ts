import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { basename, dirname, extname, join, relative, sep } from 'node:path'
import type { LoaderContext } from 'webpack'
import { importText } from '../emit/module.ts'
import { UsageError } from '../errors/index.ts'
import type { EmittedFile } from './files.ts'
import { copyInto } from './files-folder.ts'
import type { Host } from './host.ts'
import { runtimeFolder } from './runtime-folder.ts'
import { workerTextModule } from './worker-file.ts'

/** Below the project: where server code of Turbopack has its files. */
const serverFiles = '.onnx-mlir/files'

/** The options of the loader where it is to give a file as it is. */
export interface FileOptions {
  /** Absolute path, in the cache. */
  readonly emit: string
}

/** How models reach what Turbopack bundles. */
export interface TurbopackHost extends Pick<Host, 'place' | 'importModule' | 'imported'> {
  /** What the generated module imports, beside the runtime. */
  imports(): string
}

/**
 * Turbopack runs webpack's loaders, but has no `emitFile` for them. For browsers it emits the file that an import with
 * attributes stands for: the model once more, from which this same loader then makes the file.
 *
 * For Node such an import is a URL below `/_next/static`, and the file there for everybody. So the files are copied into the
 * project, and found from the working directory, which is the project's for `next start` and for a standalone server alike;
 * `unplugin-onnx-mlir/next` has them traced. Turbopack may not see a file that comes while it builds, and so can't be asked to.
 *
 * @see https://nextjs.org/docs/app/api-reference/config/next-config-js/turbopack#inline-loader-configuration-with-import-attributes
 */
export function turbopackHost(context: LoaderContext<unknown>): TurbopackHost {
  const model = basename(context.resourcePath)
  const imports: string[] = []
  return {
    imports: () => imports.join(''),
    imported(path) {
      if (path.startsWith(runtimeFolder)) return { from: besideModel(context, path) }
      // Of the cache, where Turbopack doesn't look: given by the loader, as a file of ours, so that all models share it.
      const from = `${besideModel(context, workerTextModule)}?${basename(path)}`
      return { from, attributes: attributesOf(path, { turbopackAs: '*.mjs' }) }
    },
    place(file) {
      if (context.target === 'node') return inProject(context, file)
      const name = `onnxMlirFile${imports.length}`
      const kind = { turbopackModuleType: 'asset', turbopackAs: `*${extname(file.fileName)}` }
      // Turbopack knows a module by its specifier, whatever its attributes are: one specifier is one file.
      const from = `./${model}?${file.role}-${file.sha256}`
      imports.push(importText({ clause: name, from, attributes: attributesOf(file.source, kind) }))
      return name
    },
    importModule() {
      throw new UsageError(
        'USAGE_DIRECTIVE',
        `${model}: Turbopack gives no modules of WebAssembly to the edge runtime; build with next build --webpack, or let the route run in Node`,
        { model, given: 'module' },
      )
    },
  }
}

/** Of an import that this loader makes a file from. */
function attributesOf(file: string, kind: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const options: FileOptions = { emit: file }
  return {
    turbopackLoader: 'unplugin-onnx-mlir/loader',
    turbopackLoaderOptions: JSON.stringify(options),
    ...kind,
  }
}

/** What the loader gives for an import of {@link turbopackHost}. */
export function emittedFile(options: object): Promise<Buffer> | undefined {
  return 'emit' in options ? readFile((options as FileOptions).emit) : undefined
}

/** Turbopack takes no absolute paths. */
function besideModel({ resourcePath }: LoaderContext<unknown>, path: string): string {
  const way = relative(dirname(resourcePath), path).split(sep).join('/')
  return way.startsWith('../') ? way : `./${way}`
}

async function inProject({ rootContext, mode }: LoaderContext<unknown>, file: EmittedFile): Promise<string> {
  const path = `${serverFiles}/${mode}/${file.fileName}`
  await copyInto(join(rootContext, path), file)
  return `process.cwd() + ${JSON.stringify(`/${path}`)}`
}

/**
 * Makes the folder of server code's files, unless it is there.
 *
 * @returns the name of this very folder. Turbopack remembers what loaders gave from build to build, elsewhere than where these
 *   files are: an option of the loader that names the folder has it ask again where there is another one
 */
export function prepareServerFiles(project: string): string {
  const folder = join(project, serverFiles)
  const id = join(folder, 'id')
  try {
    for (const mode of ['development', 'production']) mkdirSync(join(folder, mode), { recursive: true })
    writeFileSync(join(folder, '.gitignore'), '*\n')
    if (!existsSync(id)) writeFileSync(id, randomUUID())
    return readFileSync(id, 'utf8')
  } catch {
    return '' // `next start` reads the configuration, too, maybe where nothing can be written.
  }
}

/**
 * Adds the files of server code to what Next.js knows that its server needs, once all is compiled: Turbopack by itself would
 * look for them before the loaders have run.
 *
 * @see https://nextjs.org/docs/app/api-reference/config/next-config-js/output#how-it-works
 */
export async function traceServerFiles(project: string, distDir: string): Promise<void> {
  const ours = await filesBelow(join(project, serverFiles, 'production'), () => true)
  if (ours.length === 0) return
  for (const trace of await filesBelow(join(distDir, 'server'), (name) => name.endsWith('.nft.json'))) {
    const { files, ...more } = JSON.parse(await readFile(trace, 'utf8')) as { readonly files: readonly string[] }
    const added = ours.map((file) => relative(dirname(trace), file).split(sep).join('/'))
    await writeFile(trace, JSON.stringify({ ...more, files: [...new Set([...files, ...added])] }))
  }
}

async function filesBelow(folder: string, isWanted: (name: string) => boolean): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile() && isWanted(entry.name))
    .map(({ parentPath, name }) => join(parentPath, name))
}
