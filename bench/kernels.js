// `npm run bench -- kernels`: the C kernels alone, each as a fraction of what this machine could do at most. The programs of
// bench/kernels are compiled as a model's code is, and measure the roof themselves.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { createInterface } from 'node:readline'
import { shapeFor } from '../dist/builtin/target-shape.js'
import { listOf, numberOption } from '../dist/cli/parse.js'
import { bold } from '../dist/cli/style.js'
import { CompileError } from '../dist/errors/index.js'
import { kernelMacros } from '../dist/lowering/kernel-shape.js'
import { Turns } from '../dist/process/turns.js'
import { didYouMean } from '../dist/request/suggest.js'
import { isOfMachine, processorName, resolveTarget, thisMachine } from '../dist/targets/index.js'
import { findCc } from '../dist/toolchains/cc.js'
import { knownFlags, machineFlags, objectFlags } from '../dist/toolchains/flags.js'
import { runCompiler } from '../dist/toolchains/spawn.js'
import { here } from './engines.js'

const folder = join(here, 'kernels')
const programs = readdirSync(folder)
  .filter((name) => name.endsWith('.c'))
  .map((name) => basename(name, '.c'))
  .sort()

export const benchKernels = {
  program: 'npm run bench --',
  name: 'kernels',
  summary: 'Time the C kernels alone, each beside the least time that this machine could do it in',
  positionals: { usage: '[NAME …]', min: 0, max: Infinity },
  options: {
    target: {
      type: 'string',
      value: 'NAME,…',
      help: 'machines to compile for, which this one can run (default: host)',
    },
    only: { type: 'string', value: 'TEXT', help: 'only kernels whose names have this in them' },
    seconds: {
      type: 'string',
      value: 'N',
      help: 'how long each kernel is run, of which the best counts (default: 0.15)',
    },
  },
  notes: `NAMEs are ${programs.join(', ')}.
The roof of a kernel is what takes longer: its operations at the rate of multiply-adds that stay in registers, or the bytes that
it has to read and write at least once, at the rate at which a sum goes over as many. Both are measured in the same run, with
one thread. "of roof" is the roof's time by the kernel's. Winograd's operations are those of the direct form, so that it may be
above. Goals are beside the kernels in bench/kernels; ✗ marks what is below. Other work on the machine makes all figures low,
those of memory most: what counts is what a second run says, too.
JSON: [{ kernel, target, microseconds, flops, bytes, fraction, goal }]; fraction and goal are null where none is known.`,
  async run({ positionals, values, print, progress, signal, usage, ...rest }) {
    const names = positionals.length > 0 ? positionals.map((name) => programNamed(name, usage)) : programs
    const targets = listOf(values.target ?? 'host').map((name) => runnable(name, usage))
    const seconds = numberOption({ values, usage, ...rest }, 'seconds', { otherwise: 0.15, integer: false })
    const built = await mkdtemp(join(tmpdir(), 'onnx-mlir-kernels-'))
    const measured = []
    try {
      for (const target of targets) {
        // A machine without one can't do what it is asked for.
        const toolchain = await findCc({ target, forPrograms: true }).catch((error) => {
          throw usage(error.message)
        })
        progress(`compiling for ${target.name}`)
        const executables = await compileAll(names, target, toolchain, { built, signal })
        print(bold(`${target.name}, ${toolchain.version}, ${processorName()}`))
        print(row(['kernel', 'µs', 'GFLOP/s', 'GB/s', 'of roof', 'goal']))
        for (const executable of executables) {
          progress(`measuring ${basename(executable)}`)
          for await (const [kind, ...cells] of linesOf(executable, [seconds, values.only ?? ''], signal)) {
            if (kind === 'roof') {
              print(`  roof: ${roofText(cells)}`)
              continue
            }
            const result = resultOf(cells, target.name)
            print(resultText(result))
            measured.push(result)
          }
        }
      }
    } finally {
      await rm(built, { recursive: true, force: true })
    }
    if (measured.length === 0)
      throw usage(`no kernel of ${names.join(', ')} has ${JSON.stringify(values.only)} in its name`)
    const judged = measured.filter(({ goal }) => goal !== null)
    const text = `${judged.filter(isMissed).length} of ${judged.length} below their goals`
    // Figures of a machine that others use, too, are no check.
    return { ok: true, text, json: measured }
  },
}

function programNamed(name, usage) {
  if (programs.includes(name)) return name
  throw usage(`there is no ${JSON.stringify(name)}.${didYouMean(name, programs)} There are ${programs.join(', ')}`)
}

function runnable(name, usage) {
  const target = resolveTarget(name)
  const machine = thisMachine()
  if (machine !== null && isOfMachine(target, machine) && target.level <= machine.level) return target
  throw usage(
    `this machine (${processorName() || process.arch}) can't run native code for ${target.name}: ${target.summary}. It runs ${resolveTarget('host').name}`,
  )
}

/** The programs' executables, in their order. Compiled before any is run: compilers would be in its way. */
async function compileAll(names, target, toolchain, { built, signal }) {
  const machine = await machineFlags(toolchain, target)
  const known = await knownFlags(toolchain)
  const flags = [...machine, ...known, ...objectFlags(3, target, 0), ...kernelMacros(shapeFor(target))]
  const turns = new Turns(availableParallelism())
  const compile = async (name) => {
    const executable = join(built, `${name}-${target.name}`)
    const files = [`-I${join(here, '../native/kernels')}`, join(folder, `${name}.c`), '-o', executable, '-lm']
    const { status, stderr } = await runCompiler(toolchain.command, [...flags, ...files], { signal })
    if (status === 0) return executable
    throw new CompileError('COMPILE_C', `${toolchain.command.join(' ')} can't compile ${name}.c:\n${stderr}`)
  }
  return Promise.all(names.map((name) => turns.take(name, () => compile(name), { signal })))
}

/** What a program prints, line by line as it comes, see bench/kernels/bench.h. */
async function* linesOf(executable, args, signal) {
  const child = spawn(executable, args.map(String), { stdio: ['ignore', 'pipe', 'inherit'], signal })
  const ended = once(child, 'close')
  ended.catch(() => {}) // it is waited for below
  for await (const line of createInterface(child.stdout)) yield line.split('\t')
  const [status, killedBy] = await ended
  if (status !== 0) throw new Error(`${basename(executable)} ended with ${killedBy ?? `exit code ${status}`}`)
}

function resultOf([kernel, ...numbers], target) {
  const [seconds, flops, bytes, roof, goal] = numbers.map(Number)
  const fraction = roof > 0 ? roof / seconds : null
  return { kernel, target, microseconds: seconds * 1e6, flops, bytes, fraction, goal: goal > 0 ? goal : null }
}

function isMissed({ fraction, goal }) {
  return goal !== null && fraction !== null && fraction < goal
}

function resultText(result) {
  const { kernel, microseconds, flops, bytes, fraction, goal } = result
  const rate = (count) => (count > 0 ? (count / microseconds / 1e3).toFixed(1) : '')
  const percent = (share) => (share === null ? '' : `${(100 * share).toFixed(0)} %`)
  const time = microseconds.toFixed(microseconds < 10 ? 3 : 1)
  return row([kernel, time, rate(flops), rate(bytes), percent(fraction), percent(goal), isMissed(result) ? '✗' : ''])
}

function row([name, ...cells]) {
  const [time, operations, bytes, fraction, goal, mark = ''] = cells
  const figures = [time.padStart(11), operations.padStart(9), bytes.padStart(8), fraction.padStart(9), goal.padStart(7)]
  return `${name.padEnd(50)}${figures.join('')} ${mark}`.trimEnd()
}

/** The rates of operations and, by size, of bytes. */
function roofText([peak, ...pairs]) {
  const rates = pairs.flatMap((size, i) =>
    i % 2 === 0 ? [`${(pairs[i + 1] / 1e9).toFixed(0)} of ${sizeText(size)}`] : [],
  )
  return [`${(peak / 1e9).toFixed(0)} GFLOP/s`, ...(rates.length > 0 ? [`GB/s ${rates.join(', ')}`] : [])].join('; ')
}

function sizeText(bytes) {
  return bytes < 2 ** 20 ? `${bytes / 2 ** 10} kB` : `${bytes / 2 ** 20} MB`
}
