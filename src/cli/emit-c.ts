import { rm, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { arduinoFiles, arduinoPreface, LONGEST_LIBRARY } from '../builtin/arduino.ts'
import { type CFiles, cFiles } from '../builtin/c-files.ts'
import { markOf } from '../builtin/header.ts'
import { CompileError, EnvironmentError } from '../errors/index.ts'
import { languageFlags, libraryExtension } from '../toolchains/flags.ts'
import { findCc } from '../toolchains/find.ts'
import { measureC, type Measured } from '../toolchains/measure.ts'
import { writeWeights } from '../toolchains/weights.ts'
import { diskError, makeFolder } from '../cache/disk.ts'
import { ownVersion } from '../cache/index.ts'
import { readModel } from '../formats/read.ts'
import { expectOwn, modelName } from '../pipeline/objects.ts'
import { tunableRequest } from '../pipeline/tunable.ts'
import { parseRequest, type RequestOptions } from '../request/index.ts'
import type { Choices } from '../lowering/choices.ts'
import { resolveTarget, type Target } from '../targets/index.ts'
import type { Invocation, Outcome } from './command.ts'
import { type BuildInvocation, buildModel } from './model-build.ts'
import { readingFor } from './reading.ts'
import { OUT_OPTION } from './output.ts'
import { parseSize } from './size.ts'
import { bytesText } from './style.ts'

/** What tuning finds for the model, or found when it was built last: the C is that of the winner. */
async function tunedChoices(id: string, options: RequestOptions, invocation: BuildInvocation): Promise<Choices> {
  const { artifact } = await buildModel(invocation, id, { ...options, compiler: 'builtin' })
  return artifact.tuned?.choices ?? {}
}

/**
 * Writes the C that the built-in compiler makes of a model, and its header: all that a C compiler needs, on whatever machine.
 *
 * @param kind the files alone, or in a library of Arduino's
 */
export async function emitC(
  kind: 'c' | 'arduino',
  id: string,
  outDir: string,
  given: RequestOptions,
  invocation: BuildInvocation & Pick<Invocation, 'usage'>,
): Promise<Outcome> {
  const { values, flags, progress, usage } = invocation
  const isLibrary = kind === 'arduino'
  const options = { ...(isLibrary && { target: 'cortex-m4' }), ...given }
  const { path, directives } = parseRequest(id, options)
  if (directives.compiler === 'onnx-mlir')
    throw usage(`--emit ${kind} is for the built-in compiler; onnx-mlir makes no C`)
  const target = resolveTarget(directives.target)
  if (target.arch === 'wasm32') throw usage(`--emit ${kind} is for native targets; of wasm there are modules alone`)
  if (isLibrary && target.vectorBytes > 0)
    throw usage(`--emit arduino is for microcontrollers (--target cortex-m4), not ${target.name}`)
  const ram = values['ram'] === undefined ? undefined : parseSize(values['ram'])
  if (values['ram'] !== undefined && ram === undefined)
    throw usage(`--ram must be like 64kB or 1MB, not ${JSON.stringify(values['ram'])}`)
  const name = modelName(path, values['name'])
  if (isLibrary && name.length > LONGEST_LIBRARY)
    throw usage(
      `libraries of Arduino's have names of at most ${LONGEST_LIBRARY} characters; give a shorter one with --name`,
    )
  const library = join(outDir, name)
  const out = isLibrary ? join(library, 'src') : outDir
  const model = relative(out, path)
  await expectOwn(join(out, `${name}.c`), markOf(model, 'C'))
  await expectOwn(join(out, `${name}.h`), markOf(model, 'Header'))
  const { request, note } = tunableRequest(parseRequest(id, options), 'builtin', { mode: 'build' })
  if (note !== undefined) invocation.warn(note)
  const choices = request.directives.tune === false ? {} : await tunedChoices(id, options, invocation)
  progress(`generating C in ${out}`)
  const reading = await readingFor(invocation, { directives })
  const identity = `unplugin-onnx-mlir ${ownVersion()}`
  const files = await cFiles(await readModel(path, reading), {
    target,
    tag: name,
    model,
    dims: new Map(Object.entries(directives.dims)),
    weights: directives.weights,
    choices,
    identity,
    ...(isLibrary && { preface: arduinoPreface, isOneFile: true }),
  })
  if (ram !== undefined || flags.has('no-malloc') || isLibrary) expectNoMalloc(path, files)
  if (ram !== undefined) expectFits(path, files, ram)
  await write(out, name, files)
  const { signature, arenaBytes } = files
  if (isLibrary) await writeOnce(library, arduinoFiles({ tag: name, signature, arenaBytes, identity }))
  for (const line of files.notes) invocation.warn(line)
  const measured = await measure(out, name, { path, target, optimize: directives.O, choices, invocation })
  if (typeof measured === 'string') invocation.warn(`stack and flash are not known: ${measured}`)
  const compiler = compilerText(target, [`-O${directives.O}`, ...(choices.flags ?? [])])
  return outcome(out, name, {
    target,
    compiler,
    files,
    measured: typeof measured === 'string' ? {} : measured,
    ...(isLibrary && { library }),
  })
}

async function write(out: string, name: string, { source, header, weightsFile }: CFiles): Promise<void> {
  await makeFolder(out, OUT_OPTION)
  const weights = join(out, `${name}.weights.bin`)
  try {
    await rm(weights, { force: true })
    if (weightsFile) await writeWeights(out, weightsFile, 'incbin', `${name}.weights.bin`)
    await writeFile(join(out, `${name}.h`), header)
    await writeFile(join(out, `${name}.c`), source)
  } catch (error) {
    throw diskError(error, out, OUT_OPTION)
  }
}

/** What is there already is the user's. */
async function writeOnce(folder: string, texts: ReadonlyMap<string, string>): Promise<void> {
  for (const [path, text] of texts) {
    const file = join(folder, path)
    await makeFolder(dirname(file), OUT_OPTION)
    try {
      await writeFile(file, text, { flag: 'wx' })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw diskError(error, folder, OUT_OPTION)
    }
  }
}

function expectNoMalloc(path: string, { memory: { mallocs } }: CFiles): void {
  const [first, ...others] = mallocs
  if (first === undefined) return
  const more = others.length > 0 ? ` (and ${others.length} more)` : ''
  const message = `${path} can't do without malloc: ${first}${more}. Fix the sizes of its inputs with --dims, or leave --ram and --no-malloc out.`
  throw new CompileError('COMPILE_MALLOC', message, { model: path, reasons: mallocs })
}

function expectFits(path: string, { arenaBytes, memory: { peak } }: CFiles, ram: number): void {
  if (arenaBytes <= ram) return
  const blamed = peak.slice(0, 2).map(({ what, bytes }) => `${what} (${bytesText(bytes)})`)
  const message = `${path}: its arena of ${bytesText(arenaBytes)} does not fit ${bytesText(ram)}, by ${bytesText(arenaBytes - ram)}. Most is there at once for ${blamed.join(' and ')}.`
  throw new CompileError('COMPILE_RAM', message, { model: path, arenaBytes, ram, peak })
}

/** What it takes on the target, or why that can't be found out here. */
async function measure(
  folder: string,
  name: string,
  {
    path,
    target,
    optimize,
    choices,
    invocation,
  }: {
    readonly path: string
    readonly target: Target
    readonly optimize: 0 | 1 | 2 | 3
    readonly choices: Choices
    readonly invocation: Pick<Invocation, 'progress' | 'signal'>
  },
): Promise<Measured | string> {
  try {
    const toolchain = await findCc({ target })
    invocation.progress(`compiling it with ${toolchain.version} to see what it takes`)
    const { signal } = invocation
    const includeDirs = [join(import.meta.dirname, '../../native/abi')]
    const job = {
      source: '',
      includeDirs,
      target,
      optimize,
      model: path,
      signal,
      ...(choices.flags && { flags: choices.flags }),
    }
    return await measureC({ folder, file: `${name}.c`, entry: `${name}_run` }, job, toolchain)
  } catch (error) {
    if (error instanceof EnvironmentError) return error.message
    throw error
  }
}

/** How the C is compiled, up to what is to become of it. */
function compilerText({ flags, isBare, platform, crossPrefixes, own }: Target, more: readonly string[]): string {
  const machine = flags.gcc[0] ?? flags.clang[0] ?? []
  const compiler = own?.cc ?? [isBare || platform === 'win32' ? `${crossPrefixes[0]}gcc` : 'cc']
  return [...compiler, ...languageFlags, ...machine, ...more].join(' ')
}

function stackText({ stack }: Measured): string[] {
  if (stack?.bytes === undefined) return []
  const others = stack.others.length > 0 ? `, and what ${stack.others.join(', ')} take` : ''
  return [`stack at most ${bytesText(stack.bytes)}${others}`]
}

/** Sums of integers become codes by a factor, which is a float where there is a unit for them. */
function arithmeticText({ isSoft }: Target, { floats }: CFiles): string {
  const [first, ...others] = floats
  if (first === undefined) return `arithmetic: integers${isSoft ? ' only' : ', but for the scaling of sums'}`
  return `arithmetic: floats in ${first}${others.length > 0 ? ` and ${others.length} more` : ''}`
}

interface Emitted {
  readonly target: Target
  readonly compiler: string
  readonly files: CFiles
  readonly measured: Measured
  /** Folder of a library of Arduino's. */
  readonly library?: string
}

function outcome(out: string, name: string, { target, compiler, files, measured, library: folder }: Emitted): Outcome {
  const { weightsFile, weightsBytes, arenaBytes, signature, memory } = files
  const { flashBytes, ramBytes, undefinedSymbols, stack } = measured
  const { mallocs } = memory
  const source = join(out, `${name}.c`)
  const shared = `${target.platform === 'win32' ? '-static' : '-fPIC'} -shared ${name}.c -o ${name}${libraryExtension(target)}`
  const library = target.isBare ? undefined : `${compiler} -DOM_LIBRARY ${shared} -lm`
  const command = mallocs.length > 0 && library !== undefined ? library : `${compiler} -c ${name}.c`
  const flash = flashBytes === undefined ? [] : [`flash ${bytesText(flashBytes)}`]
  const facts = [`arena ${bytesText(arenaBytes)}`, ...flash, ...stackText(measured)]
  return {
    ok: true,
    text: [
      `${source}: C for ${target.name}, ${bytesText(weightsBytes)} of weights${weightsFile ? ` in ${name}.weights.bin` : ''}`,
      facts.join('; '),
      mallocs.length > 0 ? `needs malloc: ${mallocs[0]}` : 'needs no malloc',
      arithmeticText(target, files),
      folder === undefined
        ? `Compile it in that folder: ${command}`
        : `${folder} is a library of Arduino's: its place is in the folder libraries of your sketchbook`,
    ].join('\n'),
    json: {
      ...(folder !== undefined && { folder }),
      source,
      header: join(out, `${name}.h`),
      ...(weightsFile && { weights: join(out, `${name}.weights.bin`) }),
      name,
      command,
      ...(library !== undefined && { library }),
      target: target.name,
      compiler: 'builtin',
      signature,
      weightsBytes,
      arenaBytes,
      mallocs,
      floatOperators: files.floats,
      ...(flashBytes !== undefined && { flashBytes, ramBytes, undefinedSymbols }),
      ...(stack && { stackBytes: stack.bytes ?? null, stackOthers: stack.others }),
    },
  }
}
