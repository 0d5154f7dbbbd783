import { readFile } from 'node:fs/promises'
import type { LoaderContext } from 'webpack'
import { OnnxMlirError } from '../errors.ts'
import { canonicalId } from '../request/request.ts'
import { browserStub, createModels, type HostOptions, type Models } from './models.ts'
import { createTypeLayer } from './types.ts'
import { signalOf } from './webpack-signal.ts'

type Context = LoaderContext<HostOptions>

/** Where the plugin leaves its models for the loader. A registered symbol: the two may come from two copies of the package. */
const provided = Symbol.for('unplugin-onnx-mlir.webpack')

/** Has the loader use these models in a compilation. */
export function provideModels(context: object, models: Models): void {
  Object.assign(context, { [provided]: (module: Context) => moduleSource(module, models) })
}

/** Models of compilers that have the loader in a rule of their own and no plugin. */
const standalone = new WeakMap<object, Promise<Models>>()

/**
 * webpack loader. It pitches: webpack goes no further, and so never loads the model as a source.
 * Files are emitted on behalf of the module, and so come again out of webpack's persistent cache with it.
 */
export function pitch(this: Context): void {
  const callback = this.async()
  sourceOf(this).then((source) => callback(null, source), callback)
}

async function sourceOf(context: Context): Promise<string> {
  const source: unknown = Reflect.get(context, provided)
  if (typeof source === 'function') return source(context)

  const compiler = context._compiler ?? context
  const models = standalone.get(compiler) ?? start(context)
  standalone.set(compiler, models)
  return moduleSource(context, await models)
}

/** What the plugin does at the start of a build. */
async function start(context: Context): Promise<Models> {
  const options = context.getOptions()
  const types = createTypeLayer(options, context.rootContext)
  await types.update((line) => context.emitWarning(new Error(line)))
  return createModels(options)
}

async function moduleSource(context: Context, models: Models): Promise<string> {
  const logger = context.getLogger('onnx-mlir')
  try {
    const id = canonicalId(context.resource)
    if (!isForNode(context)) return browserStub(id)
    return await models.load(id, {
      mode: context.mode === 'development' ? 'dev' : 'build',
      watch: (path) => context.addDependency(path),
      ...(context._compiler && { signal: signalOf(context._compiler) }),
      debug: (line) => logger.debug(line),
      log: (line) => logger.info(line),
      warn: (line) => context.emitWarning(new Error(line)),
      async place(file) {
        const name = `assets/${file.fileName}`
        context.emitFile(name, await readFile(file.source), undefined, { immutable: true })
        // The base URI is the output folder's, for chunks at any depth; the public path is the web's and has no say here.
        return `new URL(${JSON.stringify(name)}, __webpack_base_uri__)`
      },
    })
  } catch (error) {
    // Otherwise webpack shows the stack of an error whose message says everything.
    throw error instanceof OnnxMlirError ? Object.assign(error, { hideStack: true }) : error
  }
}

function isForNode({ _compiler: compiler, target }: Context): boolean {
  return compiler?.platform.node ?? /node|electron-main/.test(target)
}
