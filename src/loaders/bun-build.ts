import { createHash } from 'node:crypto'
import { copyFile, mkdir, readFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { Platform } from '../emit/module.ts'
import { UsageError } from '../errors/index.ts'
import { modelError, modelSpecifier } from './model-url.ts'
import { tell } from './tell.ts'
import { filters } from '../request/extensions.ts'
import { canonicalId } from '../request/request.ts'
import { urlBesideChunk } from '../plugin/chunk-url.ts'
import type { EmittedFile } from '../plugin/files.ts'
import type { Host } from '../plugin/host.ts'
import { createModels, type HostOptions } from '../plugin/models.ts'
import { createTypeLayer } from '../plugin/types.ts'

/** What of Bun's builder a model has to do with. @see https://bun.com/docs/bundler/plugins */
export interface BunBuilder {
  readonly config: {
    readonly target?: 'browser' | 'bun' | 'node'
    readonly format?: 'esm' | 'cjs' | 'iife'
    readonly outdir?: string
    readonly publicPath?: string
    readonly root?: string
  }
  onStart(callback: () => Promise<void>): void
  onEnd(callback: (result: { readonly outputs: readonly { readonly path: string }[] }) => Promise<void>): void
  onResolve(given: Filter, callback: (args: ResolveArgs) => { path: string; namespace: string } | undefined): void
  onLoad(given: Filter, callback: (args: { readonly path: string }) => Promise<Loaded>): void
}

interface Filter {
  readonly filter: RegExp
  readonly namespace?: string
}

interface ResolveArgs {
  readonly path: string
  readonly importer: string
  readonly resolveDir: string
}

interface Loaded {
  readonly contents: string | Uint8Array
  readonly loader: 'js' | 'file'
}

const namespace = 'onnx-mlir'

/**
 * Has a build of Bun take models. A model's module imports its files, which Bun names and writes as it does all assets.
 *
 * @param resolveSync Bun's, of a specifier in a folder
 */
export function setUpBunBuild(
  build: BunBuilder,
  options: HostOptions,
  resolveSync: (specifier: string, folder: string) => string,
): void {
  const { config } = build
  const platform = options.platform ?? ((config.target ?? 'browser') === 'browser' ? 'browser' : 'node')
  const isChosen = (options.platform ?? config.target) !== undefined
  const models = createModels(options)
  const types = createTypeLayer(options, resolve(config.root ?? '.'))
  const files = new BunFiles(build, platform)

  build.onStart(() => types.update(tell))
  build.onResolve({ filter: filters.id }, ({ path, importer, resolveDir }) => {
    const model = modelSpecifier(path)
    if (!model) return undefined
    try {
      return { path: canonicalId(resolveSync(model.path, resolveDir) + model.query), namespace }
    } catch (error) {
      throw modelError(error, model, importer)
    }
  })
  build.onLoad({ filter: /.*/, namespace }, async ({ path: id }) => {
    const imports: string[] = []
    const source = await models.load(id, {
      mode: 'build',
      platform,
      ...(platform === 'browser' && !isChosen && { nodeSetting: `target: 'node'` }),
      watch: () => {},
      debug: () => {},
      log: tell,
      warn: tell,
      place: files.placing(imports),
    })
    return { contents: imports.join('') + source, loader: 'js' }
  })
}

/** Files on their way into the output folder. */
class BunFiles {
  private readonly config: BunBuilder['config']
  private readonly platform: Platform
  private readonly sources = new Map<string, string>()
  private readonly constants: { readonly library: EmittedFile; readonly file: EmittedFile }[] = []

  constructor(build: BunBuilder, platform: Platform) {
    this.config = build.config
    this.platform = platform
    const ours = { filter: new RegExp(`^${namespace}:`) }
    build.onResolve(ours, ({ path }) => ({ path: path.slice(namespace.length + 1), namespace: `${namespace}-file` }))
    build.onLoad({ filter: /.*/, namespace: `${namespace}-file` }, async ({ path }) => ({
      contents: await readFile(this.sources.get(path)!),
      loader: 'file',
    }))
    build.onEnd(async ({ outputs }) => {
      for (const of of this.constants) await writeConstants(of, outputs)
    })
  }

  /** For one module, whose imports of files are added to a list. */
  placing(imports: string[]): Host['place'] {
    let library: { readonly file: EmittedFile; readonly url: string } | undefined
    return (file) => {
      if (file.role === 'constants' && library) return this.placeConstants(file, library)
      // Of its own for every content: Bun would read a model's name here as an import of the model.
      const path = `${file.sha256}/${file.name}`
      this.sources.set(path, file.source)
      const name = `file${imports.length}`
      imports.push(`import ${name} from ${JSON.stringify(`${namespace}:${path}`)}\n`)
      const url = this.urlOf(name)
      if (file.role === 'library') library = { file, url }
      return url
    }
  }

  private placeConstants(file: EmittedFile, { file: library, url }: { file: EmittedFile; url: string }): string {
    this.constants.push({ library, file })
    return `new URL(${JSON.stringify(file.fileName)}, ${url})`
  }

  private urlOf(name: string): string {
    const { format = 'esm', publicPath } = this.config
    if (this.platform !== 'node') return publicPath ? name : urlBesideChunk(name, format === 'esm' ? 'es' : format)
    if (publicPath)
      throw new UsageError(
        'USAGE_OPTION',
        'Native code is found relative to the code: leave publicPath out of this build',
      )
    // In CommonJS Bun writes the path of now wherever it reads `__filename` or `import.meta.url`.
    const chunk = format === 'esm' ? 'import.meta.url' : `require('node:url').pathToFileURL(eval('__filename'))`
    return `new URL(${name}, ${chunk})`
  }
}

/** The library asks for its constants by a name that Bun would change, so they are written beside it. */
async function writeConstants(
  { library, file }: { readonly library: EmittedFile; readonly file: EmittedFile },
  outputs: readonly { readonly path: string }[],
): Promise<void> {
  for (const { path } of outputs) {
    const content = await readFile(path).catch(() => undefined)
    if (content === undefined || createHash('sha256').update(content).digest('hex') !== library.sha256) continue
    const target = join(dirname(path), file.fileName)
    await mkdir(dirname(target), { recursive: true })
    await copyFile(file.source, target)
  }
}
