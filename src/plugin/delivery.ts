import { readFile } from 'node:fs/promises'
import type { ModuleFiles, ModuleOptions, ModuleThreads } from '../emit/module.ts'
import { UsageError } from '../errors/index.ts'
import type { BuildResult } from '../pipeline/index.ts'
import { type EmittedFile, type EmittedFiles, emittedFiles } from './files.ts'
import type { Host } from './host.ts'
import { workerFile, workerTextModule } from './worker-file.ts'

/**
 * Brings the files of a compiled model to the program in the way that was decided for it. WebAssembly that is inline or
 * imported is one module with all weights inside, the one for every engine.
 *
 * @throws UsageError where the host has no modules of WebAssembly
 */
export async function deliver(
  model: string,
  built: BuildResult,
  host: Host,
): Promise<Pick<ModuleOptions, 'platform' | 'files' | 'imports' | 'isInside' | 'threads'>> {
  if (built.files === 'inline' && built.addon) {
    const { inlineModel } = await import('./inline-model.ts')
    const threads = built.threads !== undefined && { threads: { count: built.threads } }
    return { platform: 'node', ...(await inlineModel(model, built)), ...threads }
  }
  const { addon, library, constants, variants } = emittedFiles(model, built)
  const isInline = built.files === 'inline'
  const worker = built.inWorker && { worker: isInline ? '{ text: workerText }' : await host.place(await workerFile()) }
  if (built.files === 'url') {
    const files = {
      ...(addon && { addon: await host.place(addon) }),
      library: await host.place(library),
      ...(constants && { constants: await host.place(constants) }),
      ...(variants && { variants: await placed(variants, host) }),
      ...worker,
    }
    return {
      platform: host.platform ?? 'node',
      files,
      ...(built.threads !== undefined && { threads: await threadsOf(built.threads, built.inWorker, host) }),
    }
  }
  const isImported = built.files === 'module'
  if (isImported && !host.importModule)
    throw new UsageError(
      'USAGE_DIRECTIVE',
      `${model}: files=module is for hosts whose output imports WebAssembly; take files=url, or files=inline`,
      { model, given: 'module' },
    )
  // The runtime of the web needs nothing but what it is given, and so runs anywhere.
  return {
    platform: 'browser',
    isInside: true,
    imports: [
      ...(isImported ? [{ clause: 'module', from: await host.importModule!(library) }] : []),
      ...(isInline && worker ? [{ clause: '{ workerText }', from: workerTextModule }] : []),
    ],
    files: {
      library: isImported ? 'module' : await inlined(library),
      ...worker,
    },
  }
}

async function threadsOf(count: ModuleThreads['count'], inWorker: boolean, host: Host): Promise<ModuleThreads> {
  const isPage = host.platform === 'browser' && !inWorker
  return { count, ...(isPage && { worker: await host.place(await workerFile()) }) }
}

async function placed(
  variants: NonNullable<EmittedFiles['variants']>,
  host: Host,
): Promise<NonNullable<ModuleFiles['variants']>> {
  const all: { needs: (typeof variants)[number]['needs']; library: string }[] = []
  for (const { needs, file } of variants) all.push({ needs, library: await host.place(file) })
  return all
}

/**
 * A file as part of the JavaScript: an expression for a function that gives its bytes. Decoded when it is called, not when
 * the module is imported. `fetch` of a `data:` URL would need a CSP that allows it.
 */
async function inlined({ source }: EmittedFile): Promise<string> {
  const base64 = await readFile(source, 'base64')
  return `async () => Uint8Array.from(atob("${base64}"), (byte) => byte.charCodeAt(0))`
}
