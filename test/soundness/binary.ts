import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { BuiltinSource } from '../../src/builtin/index.ts'
import { knownFlags, languageFlags } from '../../src/toolchains/flags.ts'
import { findCc } from '../../src/toolchains/cc.ts'
import { resolveTarget } from '../../src/targets/index.ts'
import { elementTypes } from '../../src/onnx/element-type.ts'
import type { Tensor } from '../../src/onnx/model.ts'
import { unpackSubBytes } from '../../src/onnx/tensor.ts'
import { sanitizingCompiler } from '../sanitizing.ts'
import type { Call } from './variants.ts'

// Many models in one program, compiled with AddressSanitizer and UndefinedBehaviorSanitizer: a compiler that starts once
// per model would take hours.

export interface Subject {
  readonly name: string
  readonly source: BuiltinSource
  readonly calls: readonly Call[]
}

/** What became of each call, in order; `report`: what the sanitizer said, or how the process ended. */
export interface Outcome {
  readonly subject: Subject
  readonly call: Call
  readonly status: 'ran' | 'refused' | 'failed'
  readonly report?: string
}

const statuses = [undefined, 'ran', 'refused', 'failed'] as const

/** Builds a program of all subjects, which are for this machine, in `folder` and runs their calls. */
export async function runSubjects(folder: string, subjects: readonly Subject[]): Promise<Outcome[]> {
  mkdirSync(folder, { recursive: true })
  const path = (name: string): string => join(folder, name)
  writeFileSync(path('models.c'), programOf(subjects))
  const include = [...new Set(subjects.flatMap(({ source }) => source.includeDirs))].map((dir) => `-I${dir}`)
  const sanitize = ['-fsanitize=address,undefined', '-fno-sanitize-recover=all', '-fno-omit-frame-pointer']
  const files = [path('models.c'), fileURLToPath(new URL('driver.c', import.meta.url))]
  const env = { ...process.env, CC: sanitizingCompiler(process.env['CC'] ?? '') || undefined }
  const toolchain = await findCc({ target: resolveTarget('host'), env })
  const [command, ...before] = toolchain.command
  const language = [...before, ...languageFlags, ...(await knownFlags(toolchain))]
  // Unoptimised, no access is left out before it is looked at; at -O1 it takes a third longer, all in all.
  const options = [...language, '-O0', '-g1', '-march=native', '-DOM_EXACT', ...sanitize, ...include]
  await run(command, [...options, ...files, '-lm', '-o', path('program')])
  const calls = subjects.flatMap((subject, model) => subject.calls.map((call) => ({ subject, call, model })))
  writeFileSync(path('calls'), encodeCalls(calls))
  const stderr = await run(path('program'), [path('calls'), path('statuses')], {
    // Memory that is not freed before the child ends is no concern here; a request for too much is answered with NULL.
    ASAN_OPTIONS: 'detect_leaks=0:allocator_may_return_null=1:max_allocation_size_mb=2048',
    UBSAN_OPTIONS: 'print_stacktrace=1',
  })
  const reports = new Map<number, string>()
  let rest = stderr
  for (let mark = /\n@@ (\d+) (\d+)\n/.exec(rest); mark; mark = /\n@@ (\d+) (\d+)\n/.exec(rest)) {
    const ending = mark[2] === '14' ? 'took longer than 20 s' : mark[2] === '0' ? '' : `signal ${mark[2]}`
    reports.set(Number(mark[1]), `${ending} ${rest.slice(0, mark.index).slice(-4000)}`.trim())
    rest = rest.slice(mark.index + mark[0].length)
  }
  const codes = readFileSync(path('statuses'))
  return calls.map(({ subject, call }, i) => {
    const report = reports.get(i)
    return { subject, call, status: statuses[codes[i]!] ?? 'failed', ...(report !== undefined && { report }) }
  })
}

/** The C of all subjects, each name that one defines made its own. */
function programOf(subjects: readonly Subject[]): string {
  const includes = new Set<string>()
  const macros = new Set<string>()
  const bodies = subjects.map(({ source }, i) => {
    const lines = source.text.split('\n')
    for (const line of lines) if (/^#include "(?!om_entry|weights)/.test(line)) includes.add(line)
    for (const line of lines) if (/^#define OM_(?!IN_SIG|OUT_SIG)/.test(line)) macros.add(line)
    const own = source.text.slice(0, source.text.indexOf('\n#define OM_IN_SIG'))
    const body = own
      .replace(/^#if defined\(OM_WEIGHTS_TEXT\)[^]*?^#endif\n/m, weightsOf(source))
      .replace(/^#(include|define) .*\n/gm, '')
    return suffixed(body, `_m${i}`)
  })
  const table = subjects.map((_, i) => `&om_builtin_model_m${i}`).join(', ')
  return `${[...macros, ...includes, ...bodies].join('\n')}
const om_builtin_descriptor *const models[] = {${table}};
`
}

function weightsOf({ weights }: BuiltinSource): string {
  const bytes = Buffer.concat([...(weights.chunks as Iterable<Uint8Array>)])
  return `_Alignas(64) static const unsigned char om_weights[${bytes.length}] = {${[...bytes].join(',')}};\n`
}

function suffixed(text: string, suffix: string): string {
  const definition =
    /^(?=\S)(?:extern |static |const |OM_KERNEL |OM_EXPORT_DATA |_Alignas\(\d+\) |__attribute__\(\([^)]*\)\) )*[\w *]+?[ *](\w+)(?=\(|\[| = \{)/gm
  const names = new Set([...text.matchAll(definition)].map((match) => match[1]!))
  const known = new RegExp(`\\b(?:${[...names].join('|')})\\b`, 'g')
  return text.replace(known, (name) => name + suffix)
}

function encodeCalls(calls: readonly { readonly call: Call; readonly model: number }[]): Buffer {
  const bodies = calls.map(({ call }) => Buffer.concat(call.inputs.map(encodeInput)))
  let offset = 8 + 16 * calls.length
  const table = calls.flatMap(({ model }, i) => {
    const at = offset
    offset += bodies[i]!.length
    return [model, at]
  })
  return Buffer.concat([int64s([calls.length, ...table]), ...bodies])
}

function encodeInput(tensor: Tensor): Buffer {
  if (tensor.type === 'string') {
    const strings = (tensor.strings ?? []).map((text) => Buffer.from(text))
    const parts = strings.flatMap((text) => [int64s([text.length]), text])
    return Buffer.concat([int64s([...tensor.dims, 8 * strings.length]), ...parts])
  }
  const data = elementTypes[tensor.type].bits < 8 && !tensor.dims.includes(0) ? unpackSubBytes(tensor) : tensor.data
  return Buffer.concat([int64s([...tensor.dims, data.length]), data])
}

function int64s(values: readonly number[]): Buffer {
  return Buffer.from(BigInt64Array.from(values.map(BigInt)).buffer)
}

async function run(command: string, args: readonly string[], env: Record<string, string> = {}): Promise<string> {
  const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'ignore', 'pipe'] })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (...ending) => resolve(ending))
  })
  if (code !== 0) throw new Error(`${command} ended with ${code ?? signal}: ${stderr.slice(0, 3000)}`)
  return stderr
}
