import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { diskError } from '../cache/disk.ts'
import { openCache } from '../cache/index.ts'
import { nearestProject } from '../cache/nearest-package.ts'
import { declaredOf } from '../pipeline/index.ts'
import { fixTypes } from '../types/fix.ts'
import { generateTypes, modelDeclarations, type TypesOptions, type TypesResult } from '../types/generate.ts'
import { watchTypes } from '../types/watch.ts'
import type { Command, Invocation, Outcome } from './command.ts'
import { operatorsFlag, operatorsOption } from './operators.ts'
import { pythonFlag, pythonOption } from './reading.ts'
import { dim, green, red, yellow } from './style.ts'
import { summaries } from './summaries.ts'

export const types: Command = {
  name: 'types',
  summary: summaries.types,
  options: {
    watch: { type: 'boolean', short: 'w', help: 'keep them up to date until Ctrl-C' },
    check: { type: 'boolean', help: 'write nothing; exit 1 where something is out of date' },
    fix: {
      type: 'boolean',
      help: 'change what keeps TypeScript from finding them: tsconfig.json, package.json, .gitignore',
    },
    'write-beside': {
      type: 'boolean',
      help: 'write them beside the models, to be committed; later runs and builds go on',
    },
    root: { type: 'string', value: 'DIR', help: 'the project (default: the nearest folder with a package.json)' },
    exclude: { type: 'string', multiple: true, value: 'DIR', help: 'a folder to leave out' },
    operators: operatorsFlag,
    python: pythonFlag,
    tsconfig: {
      type: 'string',
      value: 'FILE',
      help: "the configuration to check (default: the project's tsconfig.json)",
    },
  },
  async run(invocation) {
    const { values, flags, all, usage } = invocation
    if (flags.has('watch') && flags.has('check')) throw usage('--watch and --check exclude each other')
    if (flags.has('fix') && flags.has('check')) throw usage('--fix and --check exclude each other')
    const root = resolve(values['root'] ?? nearestProject(process.cwd()))
    if (!existsSync(root)) throw usage(`there is no folder ${root}`)
    const operators = await operatorsOption(invocation)
    const options: TypesOptions = {
      root,
      signatureOf: (id) =>
        declaredOf(id, { operators, ...pythonOption(invocation), store: openCache({ cwd: root }).store }),
      check: flags.has('check'),
      ...(flags.has('write-beside') && { beside: true }),
      exclude: all('exclude'),
      ...(values['tsconfig'] && { tsconfig: resolve(values['tsconfig']) }),
    }
    try {
      if (flags.has('fix') && !flags.has('watch')) return await fixed(options, invocation)
      if (flags.has('fix')) await fixed(options, invocation)
      return await (flags.has('watch') ? watch(options, invocation) : once(options))
    } catch (error) {
      throw diskError(error, placeOf(error, root), 'run this as a user who may write to the project')
    }
  },
}

/** The file of the project that an error of the system is about. */
function placeOf(error: unknown, root: string): string {
  const path = error instanceof Error && 'path' in error ? error.path : undefined
  return typeof path === 'string' && path.startsWith(root) ? path : root
}

async function fixed(options: TypesOptions, { print }: Invocation): Promise<Outcome> {
  const result = await fixTypes(options)
  for (const { file, what } of result.fixed) print(`${green('changed')} ${file}: ${what}`)
  return outcome(result, options)
}

async function once(options: TypesOptions): Promise<Outcome> {
  return outcome(await generateTypes(options), options)
}

function outcome(result: TypesResult, options: TypesOptions): Outcome {
  const isStale = result.written.length + result.removed.length > 0
  const hasErrors = result.problems.some(({ severity }) => severity === 'error')
  return { ok: !hasErrors && !(options.check && isStale), text: describe(result, options.check), json: result }
}

async function watch(options: TypesOptions, { print, warn, signal }: Invocation): Promise<Outcome> {
  let last: TypesResult = { written: [], unchanged: [], removed: [], problems: [] }
  const watcher = await watchTypes({
    ...options,
    onResult: (result) => {
      last = result
      print(describe(result))
    },
    onError: (error) => warn(error instanceof Error ? error.message : String(error)),
  })
  print(dim('watching; Ctrl-C ends'))
  await new Promise<void>((stop) => signal.addEventListener('abort', () => stop(), { once: true }))
  await watcher.close()
  return { ok: true, text: '', json: last }
}

function describe({ written, unchanged, removed, problems }: TypesResult, isCheck = false): string {
  const lines = [
    ...written.map((path) => `${green(isCheck ? 'out of date' : 'written')} ${path}`),
    ...removed.map((path) => `${yellow(isCheck ? 'to be removed' : 'removed')} ${path}`),
    ...problems.map(({ severity, file, message }) => {
      const mark = severity === 'error' ? red('error') : yellow('warning')
      // Messages about a model's content begin with its path.
      return `${mark} ${message.includes(file) ? message : `${file}: ${message}`}`
    }),
  ]
  if (written.length + unchanged.length === 0) lines.push('no models found')
  else if (written.length + removed.length === 0) lines.push(`${modelDeclarations(unchanged)} up to date`)
  return lines.join('\n')
}
