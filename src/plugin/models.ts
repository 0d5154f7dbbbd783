import { basename, isAbsolute, join } from 'node:path'
import { addonNote } from '../pipeline/addon-for.ts'
import type { CompileProgress } from '../compilers/compiler.ts'
import { type Import, moduleSource, type Platform } from '../emit/module.ts'
import { isModule } from '../pipeline/facts.ts'
import { OnnxMlirError } from '../errors/index.ts'
import { kinds, type KindsOf, oneOf } from '../options/kinds.ts'
import { expectOptions } from '../pipeline/options.ts'
import type { Directives } from '../request/index.ts'
import { createPipeline, type Pipeline, type PluginOptions } from '../pipeline/index.ts'
import { modelFile, parseRequest } from '../request/request.ts'
import { deliver } from './delivery.ts'
import { checkedFolder, type FilesFolder, placeInFolder } from './files-folder.ts'
import type { Host } from './host.ts'
import { runtimeFolder } from './runtime-folder.ts'

export interface HostOptions extends Omit<PluginOptions, 'files'> {
  /** As the directive says; or a folder of your own for the files of code that runs in Node. */
  readonly files?: Directives['files'] | FilesFolder
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

const ofHosts: KindsOf<Omit<HostOptions, Exclude<keyof PluginOptions, 'files'>>> = {
  // A word is read as that directive, an object when it is used.
  files: { expected: "a word, or { dir: 'models', path: '../models' }", isRight: (value) => value !== null },
  pipeline: { expected: 'what createPipeline() gives', isRight: kinds.object.isRight },
  platform: oneOf(['node', 'browser', 'edge'] satisfies Platform[]),
  root: kinds.folder,
  signal: kinds.signal,
  types: kinds.boolean,
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

/** @throws UsageError as `expectOptions` */
export function expectHostOptions(options: unknown): void {
  expectOptions(options, 'What the plugin is given', ofHosts)
  const { files } = options as HostOptions
  if (typeof files === 'object') checkedFolder(files)
  else parseRequest('', files === undefined ? {} : { files })
}

export function createModels(options: HostOptions = {}): Models {
  expectHostOptions(options)
  const pipeline = options.pipeline ?? createPipeline(pipelineOptions(options))
  const folder = typeof options.files === 'object' ? options.files : undefined
  const reportPages = new Map<string, string>()
  /** One addon serves many models. */
  const toldNotes = new Set<string>()

  return {
    reportPages,
    async load(id, host) {
      const model = modelFile(id)
      // Before the compiler runs: a model that can't be compiled now is watched until it can.
      host.watch(model)

      const built = await pipeline
        .build(id, {
          ...host,
          signal: anyOf(host.signal, options.signal),
          progress: (progress) => host.debug(progressText(progress)),
        })
        .catch((error: unknown) => {
          for (const file of remediesOf(error)) host.watch(file)
          throw error
        })
      for (const file of built.watch) host.watch(file)
      const all = [built, ...(built.others ?? [])]
      for (const { addon, artifact, reportPage } of all) {
        if (reportPage !== undefined) reportPages.set(basename(reportPage, '.nnpa.html'), reportPage)
        const note = addon && addonNote(addon.path, artifact.target)
        if (note !== undefined && !toldNotes.has(note)) host.warn(note)
        if (note !== undefined) toldNotes.add(note)
      }

      const placing = folder ? inFolder(host, folder) : host
      const imported = (path: string): Pick<Import, 'from' | 'attributes'> => host.imported?.(path) ?? { from: path }
      const importedHere = ({ clause, from }: Import): Import => ({
        clause,
        ...(isAbsolute(from) ? imported(from) : { from }),
      })
      if (all.length > 1) {
        const [{ deliverAll }, { fatModuleSource }] = await Promise.all([
          import('./fat-delivery.ts'),
          import('../emit/fat-module.ts'),
        ])
        const { imports = [], ...delivered } = await deliverAll(model, all, placing)
        const runtime = imported(join(runtimeFolder, 'node-fat.js')).from
        return fatModuleSource({ ...delivered, runtime, imports: imports.map(importedHere) })
      }
      const { imports = [], ...delivered } = await deliver(model, built, placing)
      const runtime = imported(runtimeOf(delivered.platform, isModule(built.artifact))).from
      return moduleSource({ facts: built.facts, ...delivered, runtime, imports: imports.map(importedHere) })
    },
  }
}

/** Options as the pipeline knows them: where files lie is none of its concerns, nor is the host. */
export function pipelineOptions(given: HostOptions): PluginOptions {
  const {
    files,
    pipeline: _pipeline,
    types: _types,
    platform: _platform,
    root: _root,
    signal: _signal,
    ...options
  } = given
  return { ...options, ...(files !== undefined && { files: typeof files === 'object' ? 'url' : files }) }
}

/** The host, but that files of programs for Node go to a folder of the user's. */
function inFolder(host: Host, folder: FilesFolder): Host {
  if (host.mode === 'dev' || (host.platform ?? 'node') !== 'node') return host
  return { ...host, place: (file) => placeInFolder(folder, file, host) }
}

/** Files beside the model of which a change may put right what is wrong. */
function remediesOf(error: unknown): readonly string[] {
  const { watch } = error instanceof OnnxMlirError ? error.data : {}
  return Array.isArray(watch) ? (watch as string[]) : []
}

function anyOf(...signals: readonly (AbortSignal | undefined)[]): AbortSignal {
  return AbortSignal.any(signals.filter((signal) => signal !== undefined))
}

/** `gpt2.onnx: [3/6] Generating Object from LLVM Bitcode` */
function progressText({ model, text, step, steps }: CompileProgress): string {
  return `${model}: ${step === undefined ? '' : `[${step}/${steps}] `}${text}`
}

/** The runtime of a platform, with what its models need and nothing else: bundlers read all of it before they drop a part. */
function runtimeOf(platform: Platform, isWasm: boolean): string {
  return join(runtimeFolder, platform !== 'node' ? 'web.js' : isWasm ? 'node-wasm.js' : 'node-native.js')
}
