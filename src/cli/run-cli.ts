import { OnnxMlirError, UsageError } from '../errors/index.ts'
import { didYouMean } from '../request/suggest.ts'
import type { Command } from './command.ts'
import { help, overview } from './help.ts'
import { Output } from './output.ts'
import { parseArguments } from './parse.ts'
import { summaries } from './summaries.ts'
import { packageVersion } from './version.ts'

/** Every command. A new one is a file, a line here and one in `summaries`. Only the one that is asked for is loaded. */
const commands: Readonly<Record<keyof typeof summaries, () => Promise<Command>>> = {
  compile: async () => (await import('./compile.ts')).compile,
  inspect: async () => (await import('./inspect.ts')).inspect,
  convert: async () => (await import('./convert.ts')).convert,
  report: async () => (await import('./report.ts')).report,
  run: async () => (await import('./run.ts')).run,
  types: async () => (await import('./types.ts')).types,
  verify: async () => (await import('./verify.ts')).verify,
  bench: async () => (await import('./bench.ts')).createBench(),
  doctor: async () => (await import('./doctor.ts')).doctor,
  'native-info': async () => (await import('./native-info.ts')).nativeInfo,
  cache: async () => (await import('./cache.ts')).cache,
  conformance: async () => (await import('./conformance.ts')).conformance,
}

/** Runs a command line. Never rejects. @returns the exit code: 0, 1 (failed check or model), 2 (wrong usage), 130 (Ctrl-C) */
export async function runCli([name, ...args]: readonly string[]): Promise<number> {
  if (name === '--version' || name === '-v') {
    console.log(packageVersion())
    return 0
  }
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    const asked = await commandOf(args[0])
    const text = asked ? help(asked) : overview()
    if (name === undefined) console.error(text)
    else console.log(text)
    return name === undefined ? 2 : 0
  }
  const command = await commandOf(name)
  if (command) return runCommand(command, args)
  const suggestion = didYouMean(name, Object.keys(commands))
  console.error(`There is no command ${JSON.stringify(name)}.${suggestion}\n\n${overview()}`)
  return 2
}

async function commandOf(name: string | undefined): Promise<Command | undefined> {
  return name !== undefined && Object.hasOwn(commands, name) ? commands[name as keyof typeof commands]() : undefined
}

/** Runs one command. Never rejects. @returns as `runCli` */
export async function runCommand(command: Command, args: readonly string[]): Promise<number> {
  const interrupt = new AbortController()
  const onSignal = (): void => {
    if (interrupt.signal.aborted) process.exit(130)
    interrupt.abort(new DOMException('Interrupted.', 'AbortError'))
    // For what doesn't listen to the abort signal.
    setTimeout(() => process.exit(130), 5000).unref()
  }
  // Not `once`: src/process/shutdown.ts counts listeners to see whether somebody else ends the process.
  process.on('SIGINT', onSignal)
  const output = new Output()
  try {
    const parsed = parseArguments(command, args)
    if (parsed.flags.has('help')) {
      console.log(help(command))
      return 0
    }
    const { json, targets } = parsed.values
    if (targets !== undefined) await (await import('./targets.ts')).registerTargets(targets)
    output.isQuiet = json === '-'
    const { text, json: result, ok } = await command.run({ ...parsed, ...output.channels, signal: interrupt.signal })
    output.done()
    if (text !== '') output.channels.print(text)
    if (json !== undefined) await output.writeJson(json, result)
    return ok ? 0 : 1
  } catch (error) {
    output.done()
    return explain(error, interrupt.signal)
  } finally {
    process.off('SIGINT', onSignal)
  }
}

/** Says what went wrong, and how: only a mistake of ours is shown with its stack. */
function explain(error: unknown, { aborted }: AbortSignal): number {
  if (aborted) {
    console.error('Interrupted.')
    return 130
  }
  if (isExpected(error)) {
    console.error(error.message)
    return error instanceof UsageError ? 2 : 1
  }
  const stack = error instanceof Error ? error.stack : String(error)
  console.error(
    `This is a bug in unplugin-onnx-mlir ${packageVersion()}; please report it with the model's inspect output.\n${stack}`,
  )
  return 1
}

/** Errors whose message is meant for the user: ours, and those of the runtime, whose codes begin with LOAD_ or RUN_. */
function isExpected(error: unknown): error is Error {
  if (error instanceof OnnxMlirError) return true
  return error instanceof Error && /^(?:LOAD|RUN)_/.test(String((error as { code?: unknown }).code))
}
