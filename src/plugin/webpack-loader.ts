import { readFile } from 'node:fs/promises'
import type { LoaderContext } from 'webpack'
import { OnnxMlirError } from '../errors.ts'
import { canonicalId } from '../request/request.ts'
import { browserStub, createModels, type HostOptions, type Models } from './models.ts'
import { createTypeLayer } from './types.ts'

type Context = LoaderContext<HostOptions>

/** Where the plugin leaves its models for the loader. A registered symbol: webpack loads the loader as a copy of its own. */
const provided = Symbol.for('unplugin-onnx-mlir.models')

export function provideModels(context: object, models: Models): void {
  Object.assign(context, { [provided]: models })
}

/** Models of compilers that have the loader in a rule of their own and no plugin. */
const standalone = new WeakMap<object, Promise<Models>>()

/**
 * webpack loader. It pitches: webpack goes no further, and so never reads the model into memory.
 * Files are emitted on behalf of the module, and so come again out of webpack's persistent cache with it.
 */
export function pitch(this: Context): void {
  const callback = this.async()
  moduleSource(this).then(
    (source) => callback(null, source),
    (error: unknown) => callback(presentable(error)),
  )
}

async function moduleSource(context: Context): Promise<string> {
  const id = canonicalId(context.resource)
  if (!isForNode(context)) return browserStub(id)

  const logger = context.getLogger('onnx-mlir')
  const models = await modelsOf(context)
  return models.load(id, {
    mode: context.mode === 'development' ? 'dev' : 'build',
    watch: (path) => context.addDependency(path),
    log: (line) => logger.info(line),
    warn: (line) => context.emitWarning(new Error(line)),
    async place(file) {
      const name = `assets/${file.fileName}`
      context.emitFile(name, await readFile(file.source), undefined, { immutable: true })
      // The base URI is that of the output folder, for chunks at any depth; the public path is the web's and has no say.
      return `new URL(${JSON.stringify(name)}, __webpack_base_uri__)`
    },
  })
}

function modelsOf(context: Context): Models | Promise<Models> {
  const own: unknown = Reflect.get(context, provided)
  if (own) return own as Models
  const compiler = context._compiler ?? context
  const models = standalone.get(compiler) ?? start(context)
  standalone.set(compiler, models)
  return models
}

async function start(context: Context): Promise<Models> {
  const options = context.getOptions()
  const types = createTypeLayer(options, context.rootContext)
  await types.update((line) => context.emitWarning(new Error(line)))
  return createModels(options)
}

function isForNode({ _compiler: compiler, target }: Context): boolean {
  return compiler?.platform.node ?? /node|electron-main/.test(target)
}

/** webpack shows an error's stack unless it is told that the message says everything. */
function presentable(error: unknown): Error {
  const shown = error instanceof Error ? error : new Error(String(error))
  return error instanceof OnnxMlirError ? Object.assign(shown, { hideStack: true }) : shown
}
