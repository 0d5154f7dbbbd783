import { createRequire } from 'node:module'
import { basename, dirname } from 'node:path'
import { addonNote } from '../pipeline/addon-for.ts'
import type { CompileProgress } from '../compilers/compiler.ts'
import { moduleSource, type Platform } from '../emit/module.ts'
import { createPipeline, type Pipeline, type PluginOptions } from '../pipeline.ts'
import { deliver } from './delivery.ts'
import type { Host } from './host.ts'

export interface HostOptions extends PluginOptions {
  /** Compiles the models. Plugins that are given one pipeline share it. Default: `createPipeline(options)`. */
  readonly pipeline?: Pipeline
  /** Bring the declarations of the project's models up to date at every start. Default: `true`. */
  readonly types?: boolean
  /**
   * What runs the code that is built: `node` takes native libraries, `browser` WebAssembly, `edge` WebAssembly as imported
   * modules. Default: as the host says, which is the environment in Vite, `target` in webpack, Rspack and Rsbuild, `platform`
   * in esbuild and Rolldown; a condition `workerd` means `edge`. Rollup has nothing of the kind and builds for Node.
   */
  readonly platform?: Platform
  /** The project, whose models get declarations. Default: the nearest folder with a package.json, from the host's root up. */
  readonly root?: string
  /**
   * Ends running compiles when aborted. Rollup, webpack and Vite's dev server tell their plugins when they are closed;
   * Rolldown, `vite build --watch` and esbuild tell it only when the build that runs is done.
   */
  readonly signal?: AbortSignal
}

/** The part of a plugin that is the same for every host: a model's id in, its module's source out. */
export interface Models {
  /**
   * Compiles a model and has the host place its files.
   *
   * @param id absolute path of the model, with its directives as query.
   * @throws OnnxMlirError whose message is meant for the user as it stands.
   */
  load(id: string, host: Host): Promise<string>
  /** Pages of the NNPA reports of models that were loaded, by the models' file names. */
  readonly reportPages: ReadonlyMap<string, string>
}

export function createModels(options: HostOptions = {}): Models {
  const pipeline = options.pipeline ?? createPipeline(options)
  const reportPages = new Map<string, string>()
  /** One addon serves many models. */
  const toldNotes = new Set<string>()

  return {
    reportPages,
    async load(id, host) {
      const model = modelFile(id)
      // Before the compiler runs: a model that can't be compiled now is watched until it can.
      host.watch(model)

      const built = await pipeline.build(id, {
        ...host,
        signal: anyOf(host.signal, options.signal),
        progress: (progress) => host.debug(progressText(progress)),
      })
      for (const file of built.watch) host.watch(file)
      if (built.reportPage !== undefined) reportPages.set(basename(built.reportPage, '.nnpa.html'), built.reportPage)

      const note = built.addon && addonNote(built.addon.path, built.artifact.target)
      if (note !== undefined && !toldNotes.has(note)) host.warn(note)
      if (note !== undefined) toldNotes.add(note)

      const delivered = await deliver(model, built, host)
      const { platform, workerText } = delivered
      const specifier = (path: string): string => host.specifier?.(path) ?? path
      return moduleSource({
        facts: built.facts,
        runtime: specifier(runtimeOf(platform)),
        ...delivered,
        ...(workerText && { workerText: specifier(workerText) }),
      })
    },
  }
}

function anyOf(...signals: readonly (AbortSignal | undefined)[]): AbortSignal {
  return AbortSignal.any(signals.filter((signal) => signal !== undefined))
}

/** `gpt2.onnx: [3/6] Generating Object from LLVM Bitcode` */
function progressText({ model, text, step, steps }: CompileProgress): string {
  return `${model}: ${step === undefined ? '' : `[${step}/${steps}] `}${text}`
}

/** Path of a model without its directives. */
export function modelFile(id: string): string {
  return id.replace(/\?.*$/s, '')
}

/**
 * The runtime of a platform. Modules import it by its absolute path, and so it is bundled into the output where a host would
 * leave a bare name external: a built folder runs without `node_modules`.
 */
function runtimeOf(platform: Platform): string {
  return createRequire(import.meta.url).resolve(`unplugin-onnx-mlir/runtime/${platform === 'node' ? 'node' : 'web'}`)
}

export const runtimeFolder = dirname(runtimeOf('node'))
