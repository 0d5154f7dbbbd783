import { copyFile, mkdir, readFile } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import type { BuildOptions, BuildResult, Loader, PluginBuild } from 'esbuild'
import type { Platform } from '../emit/module.ts'
import { urlAboveChunk, urlBesideChunk } from './chunk-url.ts'
import type { EmittedFile } from './files.ts'
import type { Host } from './host.ts'

const namespace = 'onnx-mlir'

/**
 * Emits files with esbuild's own `file` loader: a model's module requires them, and esbuild names and writes them as it
 * does every asset, so that `outfile`, `assetNames`, `splitting`, `write: false` and the metafile mean what they always do.
 *
 * @returns given a module's id, how that module's files are placed
 */
export function fileEmitter(
  build: PluginBuild,
  platform: Platform,
): (id: string) => Pick<Host, 'place' | 'importModule' | 'code'> {
  const options = build.initialOptions
  const root = options.absWorkingDir ?? process.cwd()
  /** By path in our namespace. */
  const files = new Map<string, { file: EmittedFile; loader: Loader }>()
  /** Files that keep their names, by the namespace path of the library that they belong to. */
  const beside = new Map<string, EmittedFile[]>()

  build.onResolve({ filter: new RegExp(`^${namespace}:`) }, ({ path }) => ({
    path: path.slice(namespace.length + 1),
    namespace,
  }))
  build.onLoad({ filter: /.*/, namespace }, async ({ path }) => {
    const known = files.get(path)
    return known && { contents: await readFile(known.file.source), loader: known.loader }
  })

  options.metafile = true
  build.onEnd(async (result) => {
    for (const { library, file } of outputAssets(result)) {
      for (const belonging of beside.get(library) ?? [])
        await writeBeside(result, resolve(root, file), belonging, options)
    }
  })

  return (id) => {
    // One path per module and file. With `splitting`, modules that shared a path would find it in a chunk of its own,
    // relative to that chunk instead of to theirs.
    const folder = relative(root, id)
    const taken = new Set<string>()
    let library = ''
    return {
      code: chunkUrl(options),
      place(file) {
        if (file.role === 'constants' || file.role === 'manifest') {
          beside.get(library)!.push(file)
          return `new URL(${JSON.stringify(file.fileName)}, ${emittedUrl(library, options)})`
        }
        const usual = `${folder}/${file.name}`
        // Of a model for several machines: each has an addon, and all are called the same.
        const path = taken.has(usual) ? `${folder}/${file.sha256.slice(0, 8)}/${file.name}` : usual
        taken.add(path)
        if (file.role === 'library') {
          library = path
          beside.set(path, [])
        }
        files.set(path, { file, loader: 'file' })
        return platform === 'node' ? emittedUrl(path, options) : webUrl(path, options)
      },
      importModule(file) {
        const path = `${folder}/module/${file.name}`
        files.set(path, { file, loader: 'copy' })
        return `${namespace}:${path}`
      },
    }
  }
}

/** Expression for the URL of the output's file, in Node. */
function chunkUrl(options: BuildOptions): string {
  return isModule(options) ? 'import.meta.url' : `require('node:url').pathToFileURL(__filename)`
}

/** Expression for the URL of an emitted file in Node. */
function emittedUrl(path: string, options: BuildOptions): string {
  const { publicPath } = options
  const name = nameOf(path)
  const chunk = chunkUrl(options)
  if (!publicPath) return `new URL(${name}, ${chunk})`

  // With a public path, names are URLs of a web server, and how deep the chunk lies in the output folder is nowhere to be
  // had. The output folder is the nearest one above the chunk that has the file.
  const prefix = publicPath.endsWith('/') ? publicPath : `${publicPath}/`
  return urlAboveChunk(`${name}.slice(${prefix.length})`, chunk)
}

/**
 * Expression for the URL of an emitted file on the web. A public path makes it a URL of the page; else it is relative to the
 * chunk, whose own URL only a classic script that is running, a module and a worker can tell.
 */
function webUrl(path: string, options: BuildOptions): string {
  const name = nameOf(path)
  return options.publicPath ? name : urlBesideChunk(name, isModule(options) ? 'es' : 'iife')
}

/** Expression for the name that the `file` loader gives: with the public path, or else relative to the chunk it stands in. */
function nameOf(path: string): string {
  return `require(${JSON.stringify(`${namespace}:${path}`)})`
}

/** The format that esbuild takes for what is bundled. */
function isModule({ format, platform }: BuildOptions): boolean {
  return (format ?? (platform === 'neutral' ? 'esm' : undefined)) === 'esm'
}

/** What the `file` loader wrote for our namespace: the library's path there, and the output's. */
function outputAssets({ metafile }: BuildResult) {
  const outputs = metafile?.outputs ?? {}
  const assets = new Set(
    Object.values(outputs)
      .flatMap(({ imports }) => imports.filter(({ kind }) => kind === 'file-loader'))
      .map(({ path }) => path),
  )
  return [...assets].flatMap((file) =>
    Object.keys(outputs[file]?.inputs ?? {})
      .filter((input) => input.startsWith(`${namespace}:`))
      .map((input) => ({ library: input.slice(namespace.length + 1), file })),
  )
}

/** The `file` loader hashes names, and constants must keep theirs: so they are written after the build, in a folder of their own. */
async function writeBeside(result: BuildResult, library: string, file: EmittedFile, { write }: BuildOptions) {
  const path = join(dirname(library), file.fileName)
  if (write !== false) {
    await mkdir(dirname(path), { recursive: true })
    await copyFile(file.source, path)
    return
  }
  const contents = await readFile(file.source)
  result.outputFiles?.push({ path, contents, hash: file.sha256, text: contents.toString() })
}
