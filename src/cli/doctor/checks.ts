import { accessSync, constants } from 'node:fs'
import { execFile } from 'node:child_process'
import { resolve } from 'node:path'
import { promisify } from 'node:util'
import { buildAddon } from '../../builtin/addon.ts'
import { findCxx } from '../../toolchains/cc.ts'
import { addonFolder, openCache, type Cache } from '../../cache/index.ts'
import { OnnxMlirError } from '../../errors/index.ts'
import { findEngine } from '../../onnx-mlir/engine.ts'
import { listCandidates, missingOnnxMlir } from '../../onnx-mlir/find.ts'
import { describeInstallation } from '../../onnx-mlir/installation.ts'
import { canMake } from '../../onnx-mlir/capabilities.ts'
import { capabilitiesOf } from '../../onnx-mlir/probe.ts'
import { declaredOf } from '../../pipeline/index.ts'
import { nativeThreads } from '../../runtime/processors.ts'
import { targets } from '../../targets/index.ts'
import { generateTypes, modelDeclarations } from '../../types/generate.ts'
import { bytesText } from '../style.ts'
import { packageVersion } from '../version.ts'
import type { Check } from './check.ts'
import { checkTargets } from './targets.ts'

export interface CheckContext {
  readonly root: string
  readonly cache: string | undefined
  readonly signal: AbortSignal
  progress(line: string): void
}

/** Looks at everything, in the order in which a build needs it. */
export async function runChecks({ root, cache: folder, signal, progress }: CheckContext): Promise<Check[]> {
  const warnings: string[] = []
  const cache = openCache({ ...(folder ? { root: folder } : { cwd: root }), warn: (line) => warnings.push(line) })
  const checks: Check[] = []
  const steps: [string, () => Promise<Check | Check[]>][] = [
    ['Node', async () => checkNode()],
    ['processors', async () => checkProcessors()],
    ['C compilers', () => checkTargets(cache.store.folder, signal)],
    ['C++ compiler', checkCxx],
    ['addon', () => checkAddon(cache, signal)],
    ['cache', () => checkCache(cache)],
    ['onnx-mlir', () => checkOnnxMlir(signal)],
    ['container engines', checkEngines],
    ['types', () => checkTypes(resolve(root))],
  ]
  for (const [name, check] of steps) {
    signal.throwIfAborted()
    progress(`looking at ${name}`)
    checks.push(...[await check()].flat())
  }
  return checks
}

/** What this process may use of the machine, by its affinity and its control groups. */
function checkProcessors(): Check {
  const { threads, processors } = nativeThreads('auto')
  return { name: 'processors', status: 'note', found: `${processors}; threads=auto is ${threads}`, processors, threads }
}

/** As package.json's `engines`. */
const leastNode = [20, 19] as const

function checkNode(): Check {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const isNew = major > leastNode[0] || (major === leastNode[0] && minor >= leastNode[1])
  return {
    name: 'Node',
    status: isNew ? 'ok' : 'missing',
    found: `${process.version}, ${process.platform} ${process.arch}, unplugin-onnx-mlir ${packageVersion()}`,
    ...(!isNew && { advice: `Install Node ${leastNode.join('.')} or later.` }),
    node: process.version,
    platform: process.platform,
    arch: process.arch,
    version: packageVersion(),
  }
}

/** Only the addon needs it, and that says itself whether it can do without. */
async function checkCxx(): Promise<Check> {
  try {
    const { version, command } = await findCxx()
    return { name: 'C++ compiler', status: 'ok', found: `${version} (${command.join(' ')})` }
  } catch (error) {
    return { name: 'C++ compiler', status: 'note', found: messageOf(error) }
  }
}

/** Loads it in another process: a damaged one would take this one along. */
async function checkAddon({ store }: Cache, signal: AbortSignal): Promise<Check> {
  let path: string
  try {
    path = await store.writing((folder) => buildAddon({ outDir: addonFolder(folder), signal }))
  } catch (error) {
    // Without it models run as WebAssembly; that these can be made is looked at with the compilers.
    return { name: 'addon', status: 'warning', found: 'it can’t be built', advice: messageOf(error) }
  }
  try {
    await promisify(execFile)(process.execPath, ['-e', 'process.dlopen({ exports: {} }, process.argv[1])', path])
    return { name: 'addon', status: 'ok', found: `loads: ${path}`, path }
  } catch (error) {
    const why = String((error as { stderr?: unknown }).stderr).match(/^Error: (.*)$/m)?.[1] ?? messageOf(error)
    const advice = `Remove ${path}, so that it is built anew.`
    return { name: 'addon', status: 'missing', found: `it can’t be loaded: ${why}`, advice, path }
  }
}

async function checkCache({ store }: Cache): Promise<Check> {
  const { folder } = store
  const advice = 'Set ONNX_MLIR_CACHE_DIR to a folder that can be written; until then every build compiles anew.'
  if (folder === undefined) return { name: 'cache', status: 'warning', found: 'no folder can be written', advice }
  const entries = await store.list()
  const bytes = entries.reduce((sum, entry) => sum + entry.bytes, 0)
  const found = `${folder}: ${entries.length} entries, ${bytesText(bytes)}`
  const facts = { folder, entries: entries.length, bytes }
  try {
    accessSync(folder, constants.W_OK)
    return { name: 'cache', status: 'ok', found, ...facts }
  } catch {
    return { name: 'cache', status: 'warning', found: `${found}, can’t be written`, advice, ...facts }
  }
}

/** Every place that was named or is on PATH. One that was named and doesn't work makes builds fail. */
async function checkOnnxMlir(signal: AbortSignal): Promise<Check[]> {
  const candidates = await listCandidates({ signal })
  if (candidates.length === 0) {
    const advice = missingOnnxMlir('z16').message.replace(/^.*\n/, 'For NNPA and other features of onnx-mlir:\n')
    return [{ name: 'onnx-mlir', status: 'note', found: 'none; the built-in compiler is used', advice }]
  }
  return Promise.all(
    candidates.map(async ({ source, installation, error }): Promise<Check> => {
      if (!installation)
        return {
          name: 'onnx-mlir',
          status: 'missing',
          found: `${source}: not usable`,
          advice: messageOf(error),
          source,
        }
      const where = `${describeInstallation(installation)} (${source})`
      try {
        const capabilities = await capabilitiesOf(installation)
        const { version, nnpa } = capabilities
        const made = targets.filter((target) => canMake(capabilities, target)).map(({ name }) => name)
        const makes = made.length === 0 ? `no target of ours (it is for ${capabilities.triple})` : made.join(', ')
        const reports = nnpa ? 'NNPA reports as compiled' : 'it has no NNPA: reports are predicted'
        const found = `${version}: ${where}\nmakes ${makes}; ${reports}`
        return { name: 'onnx-mlir', status: 'ok', found, source, version, targets: made, nnpa }
      } catch (failure) {
        return {
          name: 'onnx-mlir',
          status: 'missing',
          found: `${where} doesn’t work`,
          advice: messageOf(failure),
          source,
        }
      }
    }),
  )
}

async function checkEngines(): Promise<Check> {
  const found = await Promise.all(
    ['docker', 'podman'].map(async (name) => {
      try {
        const { rootless } = await findEngine(name)
        return { name, works: true, text: `${name}${rootless ? ' (rootless)' : ''}` }
      } catch (error) {
        const { failures } = error instanceof OnnxMlirError ? error.data : {}
        return { name, works: false, text: Array.isArray(failures) ? failures.join('; ') : messageOf(error) }
      }
    }),
  )
  return {
    name: 'containers',
    status: found.some(({ works }) => works) ? 'ok' : 'note',
    found: found.map(({ text }) => text).join('\n'),
    engines: found.filter(({ works }) => works).map(({ name }) => name),
  }
}

/** As many problems of a project as are shown; `types --check` tells all. */
const shownProblems = 5

async function checkTypes(root: string): Promise<Check[]> {
  const { store } = openCache({ cwd: root })
  const { problems, written, unchanged } = await generateTypes({
    root,
    signatureOf: (id) => declaredOf(id, { store }),
    check: true,
  })
  const total = written.length + unchanged.length
  if (total + problems.length === 0) return [{ name: 'types', status: 'note', found: `no models in ${root}` }]
  const state = unchanged.length === 0 ? 'not written yet' : 'out of date'
  const stale = written.length > 0 ? `${state}: npx unplugin-onnx-mlir types` : undefined
  const more =
    problems.length > shownProblems ? `${problems.length} problems: npx unplugin-onnx-mlir types --check` : undefined
  return [
    {
      name: 'types',
      status: stale || more ? 'warning' : 'ok',
      found: `${modelDeclarations([...written, ...unchanged])} in ${root}`,
      ...((stale || more) && { advice: [stale, more].filter(Boolean).join('\n') }),
      problems,
    },
    ...problems
      .slice(0, shownProblems)
      .map(({ file, message }): Check => ({ name: 'types', status: 'warning', found: file, advice: message })),
  ]
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
