/** Asks an installation what it can do, once. */
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CompilerIdentity } from '../cache/artifact.ts'
import { EnvironmentError } from '../errors/index.ts'
import { type Capabilities, looksLikeOnnxMlir, parseCapabilities } from './capabilities.ts'
import { type Installation, describeInstallation } from './installation.ts'

/** Somewhere to keep answers between processes; keys are printable text. */
export interface CapabilityStore {
  get(key: string): Promise<Capabilities | undefined>
  set(key: string, capabilities: Capabilities): Promise<void>
}

/**
 * What identifies the compiler itself: a binary's path, size and time of change, or an image's digest.
 * A host reached over ssh can change at any time, so it is asked once in each process.
 */
export async function installationKey(installation: Installation): Promise<string> {
  switch (installation.kind) {
    case 'local': {
      const { size, mtimeMs } = await stat(installation.path)
      return `local ${installation.path} ${size} ${mtimeMs}`
    }
    case 'container':
      return `container ${installation.digest}`
    case 'ssh':
      return `ssh ${installation.host} ${installation.port ?? ''} ${installation.path} ${process.pid}`
  }
}

/** Name and version as they go into artifacts and cache keys. */
export function compilerIdentity(installation: Installation, { version, commit }: Capabilities): CompilerIdentity {
  const exact = installation.kind === 'container' ? installation.digest : (commit ?? '')
  const told = version.replace(/^onnx-mlir version /, '')
  return { name: 'onnx-mlir', version: told.includes(exact) ? told : `${told} ${exact}` }
}

/**
 * The capabilities of an installation, from memory, from the store, or from the compiler itself (`--help-hidden`, `--version`).
 * @throws EnvironmentError `ENVIRONMENT_ONNX_MLIR` if it doesn't run or isn't an onnx-mlir
 */
export async function capabilitiesOf(installation: Installation, store?: CapabilityStore): Promise<Capabilities> {
  const key = await installationKey(installation).catch((cause: Error) => {
    throw new EnvironmentError(
      'ENVIRONMENT_ONNX_MLIR',
      `Can’t read ${describeInstallation(installation)}: ${cause.message}.`,
      {},
      { cause },
    )
  })
  let known = answers.get(key)
  if (known === undefined) {
    known = ask(installation, key, store)
    answers.set(key, known)
    // A failure may be mended while a dev server keeps running.
    known.catch(() => answers.delete(key))
  }
  return known
}

/** Keeps what a run taught about an installation beyond what it says of itself. */
export async function learn(
  installation: Installation,
  capabilities: Capabilities,
  store: CapabilityStore | undefined,
): Promise<void> {
  const key = await installationKey(installation)
  answers.set(key, Promise.resolve(capabilities))
  await store?.set(key, capabilities)
}

const answers = new Map<string, Promise<Capabilities>>()

async function ask(installation: Installation, key: string, store: CapabilityStore | undefined): Promise<Capabilities> {
  const stored = await store?.get(key)
  if (stored) return stored
  const { runOnnxMlir } = await import('./runner.ts')
  const root = await mkdtemp(join(tmpdir(), 'onnx-mlir-'))
  try {
    const print = async (flag: string) => {
      const result = await runOnnxMlir(installation, [flag], {
        work: root,
        root,
        timeoutMs: probeTimeoutMs(installation),
      })
      if (result.stopped !== undefined)
        throw notOnnxMlir(installation, `nothing within ${probeTimeoutMs(installation) / 1000} s`)
      return { ...result, text: result.exitCode === 0 ? result.stdout : '' }
    }
    const hidden = await print('--help-hidden')
    const help = hidden.text === '' ? await print('--help') : hidden
    const version = await print('--version')
    const capabilities = parseCapabilities(help.text, version.text)
    if (!looksLikeOnnxMlir(capabilities)) throw notOnnxMlir(installation, help.stderr || help.stdout || version.stderr)
    await store?.set(key, capabilities)
    return capabilities
  } finally {
    await rm(root, { recursive: true, force: true })
  }
}

/** An image under emulation takes its time to start. */
function probeTimeoutMs({ kind }: Installation): number {
  return kind === 'local' ? 30_000 : 300_000
}

function notOnnxMlir(installation: Installation, output: string): EnvironmentError {
  const name = describeInstallation(installation)
  const said = output.trim().split('\n')[0]?.slice(0, 200)
  const missing = /error while loading shared libraries: (\S+):/.exec(output)?.[1]
  const why = missing ? `it lacks the library ${missing}` : said ? `it says: ${said}` : 'it gives no answer to --help'
  return new EnvironmentError('ENVIRONMENT_ONNX_MLIR', `${name} doesn’t work as an onnx-mlir: ${why}.`, {
    output: output.slice(0, 4000),
  })
}
