import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { signatureOf } from '../pipeline.ts'
import { baseConfig, extendTsConfig } from '../types/tsconfig-extend.ts'
import { generateTypes, type TypesOptions, type TypesResult } from '../types/generate.ts'
import { watchTypes } from '../types/watch.ts'
import type { Command, Invocation, Outcome } from './command.ts'
import { operatorsFlag, operatorsOption } from './operators.ts'
import { dim, green, red, yellow } from './style.ts'

export const types: Command = {
  name: 'types',
  summary: "Write declarations of the project's models, so that TypeScript knows their inputs and outputs",
  options: {
    watch: { type: 'boolean', short: 'w', help: 'keep them up to date until Ctrl-C' },
    check: { type: 'boolean', help: 'write nothing; exit 1 where something is out of date' },
    fix: { type: 'boolean', help: 'first have the configuration extend ours, so that TypeScript finds them' },
    root: { type: 'string', value: 'DIR', help: 'the project (default: the nearest folder with a package.json)' },
    exclude: { type: 'string', multiple: true, value: 'DIR', help: 'a folder to leave out' },
    operators: operatorsFlag,
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
      signatureOf: (path) => signatureOf(path, operators),
      check: flags.has('check'),
      exclude: all('exclude'),
      ...(values['tsconfig'] && { tsconfig: resolve(values['tsconfig']) }),
    }
    if (flags.has('fix')) await fixConfiguration(options.tsconfig ?? join(root, 'tsconfig.json'), invocation)
    return flags.has('watch') ? watch(options, invocation) : once(options)
  },
}

async function fixConfiguration(path: string, { print, usage }: Invocation): Promise<void> {
  const text = await readFile(path, 'utf8').catch(() => undefined)
  if (text === undefined) throw usage(`there is no configuration ${path}; make one with npx tsc --init`)
  const extended = extendTsConfig(text)
  if (extended === undefined) return
  await writeFile(path, extended)
  print(`${green('written')} ${path}: it extends ${baseConfig}`)
}

async function once(options: TypesOptions): Promise<Outcome> {
  const result = await generateTypes(options)
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
  const total = written.length + unchanged.length
  if (total === 0) lines.push('no models found')
  else if (written.length + removed.length === 0) lines.push(`${total} declarations up to date`)
  return lines.join('\n')
}

/** The nearest folder with a package.json, from `start` up; `start` where there is none. */
export function nearestProject(start: string): string {
  for (let folder = start; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder
    if (folder === dirname(folder)) return start
  }
}
