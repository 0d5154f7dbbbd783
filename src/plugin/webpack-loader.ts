import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { LoaderContext } from 'webpack'
import type { Platform } from '../emit/module.ts'
import { OnnxMlirError } from '../errors/index.ts'
import type { EmittedFile } from './files.ts'
import type { Host } from './host.ts'
import { expectHostVersion, tooOld } from './host-version.ts'
import { canonicalId } from '../request/request.ts'
import { createModels, type HostOptions, type Models } from './models.ts'
import { emittedFile, turbopackHost } from './turbopack.ts'
import { createTypeLayer } from './types.ts'
import { signalOf } from './webpack-signal.ts'

type Context = LoaderContext<HostOptions>

/** Where the plugin leaves its models for the loader. A registered symbol: the two may come from two copies of the package. */
const provided = Symbol.for('unplugin-onnx-mlir.webpack')

/** Has the loader use these models in a compilation. */
export function provideModels(context: object, models: Models): void {
  Object.assign(context, { [provided]: (module: Context) => moduleSource(module, models) })
}

/** @throws UsageError `USAGE_HOST` for a webpack, or Rspack in its place, that is too old */
export function expectWebpackVersion({ webpack }: { readonly webpack?: object }): void {
  // webpack 4 and the first of 5 don't tell.
  if (webpack === undefined) throw tooOld('webpack', '5.0 or older')
  const { version, rspackVersion }: { readonly version?: string; readonly rspackVersion?: string } = webpack
  expectHostVersion('Rspack', rspackVersion)
  if (rspackVersion === undefined) expectHostVersion('webpack', version)
}

/** Models of compilers that have the loader in a rule of their own and no plugin. */
const standalone = new WeakMap<object, Promise<Models>>()

/** The same in Turbopack, which has no compilers that a loader could see, by the options. */
const inTurbopack = new Map<string, Promise<Models>>()

/**
 * webpack loader. It pitches: webpack goes no further, and so never loads the model as a source.
 * Files are emitted on behalf of the module, and so come again out of webpack's persistent cache with it.
 */
export function pitch(this: Context): void {
  const callback = this.async()
  // webpack 4 has no such thing.
  if (!('getOptions' in this)) return callback(tooOld('webpack', '4 or older'))
  sourceOf(this).then((source) => callback(null, source), callback)
}

async function sourceOf(context: Context): Promise<string | Buffer> {
  const file = emittedFile(context.getOptions())
  if (file) return file

  const source: unknown = Reflect.get(context, provided)
  if (typeof source === 'function') return source(context)

  const { _compiler: compiler } = context
  const options = JSON.stringify(context.getOptions())
  const models = (compiler ? standalone.get(compiler) : inTurbopack.get(options)) ?? start(context)
  if (compiler) standalone.set(compiler, models)
  else inTurbopack.set(options, models)
  return moduleSource(context, await models)
}

/** What the plugin does at the start of a build. */
async function start(context: Context): Promise<Models> {
  if (context._compiler) expectWebpackVersion(context._compiler)
  // The folder is there for Turbopack to remember: src/plugin/turbopack.ts.
  const { folder: _folder, ...options }: HostOptions & { readonly folder?: string } = context.getOptions()
  const types = createTypeLayer(options, context.rootContext)
  await types.update((line) => context.emitWarning(warning(line)))
  return createModels(options)
}

async function moduleSource(context: Context, models: Models): Promise<string> {
  const logger = context.getLogger('onnx-mlir')
  try {
    // In `resource`, `#` is escaped.
    const id = canonicalId(context.resourcePath + context.resourceQuery)
    const platform = context.getOptions().platform ?? detectedPlatform(context)
    const turbopack = isTurbopack(context) ? turbopackHost(context) : undefined
    const source = await models.load(id, {
      mode: context.mode === 'development' ? 'dev' : 'build',
      platform,
      ...(platform === 'browser' && isLibrary(context) && { nodeSetting: `target: 'node'` }),
      // What is missing may be what an error asks for.
      watch: (path) => (existsSync(path) ? context.addDependency(path) : context.addMissingDependency(path)),
      ...(context._compiler && { signal: signalOf(context._compiler) }),
      debug: (line) => logger.debug(line),
      log: (line) => logger.info(line),
      warn: (line) => context.emitWarning(warning(line)),
      ...(turbopack ?? webpackFiles(context, platform)),
    })
    return (turbopack?.imports() ?? '') + source
  } catch (error) {
    // Otherwise webpack shows the stack of an error whose message says everything.
    throw error instanceof OnnxMlirError ? Object.assign(error, { hideStack: true }) : error
  }
}

/** Where it came from in here is of no use to anybody. */
function warning(line: string): Error {
  return Object.assign(new Error(line), { stack: '' })
}

function isTurbopack(context: Context): boolean {
  return !('emitFile' in context)
}

function webpackFiles(context: Context, platform: Platform): Pick<Host, 'place' | 'importModule' | 'code'> {
  return {
    code: '__webpack_base_uri__',
    async place(file) {
      const name = platform !== 'node' ? assetName(context, file) : `assets/${file.fileName}`
      context.emitFile(name, await readFile(file.source), undefined, { immutable: true })
      // In Node the base URI is the output folder's, for chunks at any depth, and the public path has no say.
      return platform !== 'node'
        ? `__webpack_public_path__ + ${JSON.stringify(encodeURI(name))}`
        : `new URL(${JSON.stringify(name)}, __webpack_base_uri__)`
    },
    // Next.js has a loader for this.
    ...(isNextEdge(context) && { importModule: ({ source }) => `${source}?module` }),
  }
}

/** Next.js's build for its edge runtime. */
function isNextEdge({ _compiler: compiler }: Context): boolean {
  return compiler?.name === 'edge-server'
}

/** Of which nobody has said where it is to run. */
function isLibrary(context: Context): boolean {
  return context._compiler?.options.output.library !== undefined && context.getOptions().platform === undefined
}

function detectedPlatform(context: Context): Platform {
  const { _compiler: compiler, target } = context
  if (isNextEdge(context)) return 'edge'
  return (compiler?.platform?.node ?? /node|electron-main/.test(target)) ? 'node' : 'browser'
}

const isBareHash = /^\[(content)?hash\](\[\w+\])*$/

/**
 * What a file for browsers is called: as the configuration says for assets, where it says anything; else it goes where
 * modules of WebAssembly do, which in Next.js is in the folder that is served. What webpack says by itself is a hash alone, by
 * which nobody recognises a model.
 */
function assetName({ _compilation: compilation }: Context, { fileName, name, sha256 }: EmittedFile): string {
  const { assetModuleFilename: template, webassemblyModuleFilename = '' } = compilation?.outputOptions ?? {}
  if (!compilation || !template || isBareHash.test(String(template))) {
    const folder = /^([^[\]]+)\//.exec(webassemblyModuleFilename)?.[1] ?? 'assets'
    return `${folder}/${fileName}`
  }
  const contentHash = sha256.slice(0, compilation.outputOptions.hashDigestLength)
  // What a module that is an asset would give, of which this one is none: webpack reads its hash there, Rspack beside it.
  const module = { id: contentHash, hash: contentHash }
  return compilation.getAssetPath(template as string, { filename: name, contentHash, hash: contentHash, module })
}
