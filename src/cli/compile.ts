import { extname, join, resolve } from 'node:path'
import { copyWhole, makeFolder } from '../cache/disk.ts'
import { stages } from '../onnx-mlir/options.ts'
import { isModule } from '../pipeline/facts.ts'
import type { BuildResult } from '../pipeline/index.ts'
import { parseRequest } from '../request/index.ts'
import { didYouMean } from '../request/suggest.ts'
import { tunedText } from '../compilers/tune/text.ts'
import { requirementsOf } from '../targets/index.ts'
import type { Command, Invocation, Outcome } from './command.ts'
import { buildOptions, buildTargets, compilerText, modelArgument, requestOptions, nameOf } from './model-build.ts'
import { dimsFlag, dimsOption } from './dims.ts'
import { OUT_OPTION } from './output.ts'
import { bytesText } from './style.ts'
import { summaries } from './summaries.ts'

/** `obj` is also a stage of onnx-mlir's. */
const kinds = ['library', 'c', 'arduino', 'archive', ...stages] as const

/** Options that are for some kinds alone. */
const optionsOf: Readonly<Record<string, readonly string[]>> = {
  ram: ['c', 'arduino'],
  'no-malloc': ['c', 'arduino'],
  name: ['c', 'arduino', 'obj', 'archive'],
}

/** The library alone: it has onnx-mlir's C ABI, so any program can load it. What loads it in JavaScript is part of what a bundler emits. */
export const compile: Command = {
  name: 'compile',
  summary: summaries.compile,
  positionals: modelArgument,
  options: {
    ...buildOptions,
    dims: dimsFlag('compile for these sizes of symbolic dimensions; x[1]: axis 1 of input x, rank(x): its rank'),
    out: { type: 'string', short: 'o', value: 'DIR', help: 'folder for the result (default: the working directory)' },
    emit: { type: 'string', value: 'KIND', help: 'what to make (default: library); see below' },
    ram: {
      type: 'string',
      value: 'SIZE',
      help: 'of c and arduino: fail where the arena is larger, say 64kB, or malloc is needed',
    },
    'no-malloc': { type: 'boolean', help: 'of c: fail where malloc is needed' },
    name: {
      type: 'string',
      value: 'NAME',
      help: "of c, arduino, obj and archive: what C calls the model (default: its file's name)",
    },
  },
  notes: `--target takes several, separated by commas: each gets a folder of its name in DIR.
--emit c writes the C of the built-in compiler, one file and its header (and a file of weights where they are large), for one
level of a processor: of x86-64, whose library has code for several, the lowest. Where all sizes are known it needs no malloc,
and no more of the C library than memcpy and math: microcontrollers take it (--target cortex-m4). --emit arduino
puts the same into a library of Arduino's with an example, in a folder of the model's name. --emit obj writes an object file with its weights
for a linker, --emit archive one with the functions on tensors, too; a header tells what is in it. All names in it bear the model's, so
that a program can have several. What onnx-mlir makes on the way (obj with --compiler onnx-mlir):
${stages.join(', ')}; zhigh and zlow are those of NNPA (z16, z17), lib is its
library as it stands, without the checks that a build makes. inspect --stages compares them.`,
  async run(invocation) {
    const { positionals, values, flags, usage } = invocation
    const id = positionals[0] ?? ''
    const kind = kinds.find((candidate) => candidate === (values['emit'] ?? 'library'))
    if (kind === undefined)
      throw usage(
        `--emit must be one of ${kinds.join(', ')}, not ${JSON.stringify(values['emit'])}.${didYouMean(values['emit'] ?? '', kinds)}`,
      )
    for (const [option, of] of Object.entries(optionsOf))
      if ((values[option] !== undefined || flags.has(option)) && !of.includes(kind))
        throw usage(`--${option} is for --emit ${of.join(', ')}`)
    const out = resolve(values['out'] ?? '.')
    const options = { ...requestOptions(invocation), dims: dimsOption(invocation) }
    // What a library that is in the cache does without is not loaded.
    if (kind === 'c' || kind === 'arduino')
      return (await import('./emit-c.ts')).emitC(kind, id, out, options, invocation)
    if (kind === 'archive' || (kind === 'obj' && parseRequest(id, options).directives.compiler !== 'onnx-mlir'))
      return (await import('./emit-object.ts')).emitObject(kind, id, out, options, invocation)
    if (kind !== 'library') {
      const { emitOnnxMlirStage } = await import('./emit-stage.ts')
      return emitOnnxMlirStage(kind, id, out, options, invocation)
    }
    const { others = [], ...built } = await buildTargets(invocation, id, options)
    if (others.length === 0) return writeLibrary(id, out, built, invocation)
    const written: Outcome[] = []
    for (const one of [built, ...others])
      written.push(await writeLibrary(id, join(out, one.artifact.target), one, invocation))
    return {
      ok: true,
      text: written.map(({ text }) => text).join('\n'),
      json: { ...(written[0]!.json as object), targets: written.map(({ json }) => json) },
    }
  },
}

async function writeLibrary(
  id: string,
  out: string,
  { artifact, cached }: BuildResult,
  { progress, warn }: Invocation,
): Promise<Outcome> {
  progress(`writing to ${out}`)
  await makeFolder(out, OUT_OPTION)
  const library = join(out, nameOf(id) + extname(artifact.library))
  const constantsName = isModule(artifact) ? `${nameOf(id)}.bin` : artifact.constants?.name
  const constants = constantsName && artifact.constants && join(out, constantsName)
  // The library comes last: where it stands, everything does.
  if (artifact.constants && constants) await copyWhole(artifact.constants.path, constants, OUT_OPTION)
  const variants = await Promise.all(
    (artifact.variants ?? []).map(async ({ needs, library: source, bytes }) => {
      const path = join(out, `${[nameOf(id), ...needs].join('-')}.wasm`)
      await copyWhole(source, path, OUT_OPTION)
      return { needs, library: path, bytes }
    }),
  )
  await copyWhole(artifact.library, library, OUT_OPTION)
  for (const note of artifact.notes) warn(note)

  const { target, compiler, signature, bytes, seconds, tuned } = artifact
  const requires = requirementsOf(artifact)
  const how = cached ? 'from the cache' : `in ${seconds.toFixed(1)} s`
  return {
    ok: true,
    text: [
      `${library}: ${bytesText(bytes)}, ${target}, ${compilerText(compiler)}, ${how}`,
      ...(tuned ? [tunedText(tuned)] : []),
      ...variants.map((of) => `${of.library}: ${bytesText(of.bytes)}, for engines with ${of.needs.join(' and ')}`),
    ].join('\n'),
    json: {
      library,
      ...(constants && { constants }),
      ...(variants.length > 0 && { variants }),
      target,
      compiler: compiler.name,
      compilerVersion: compiler.version,
      signature,
      bytes,
      seconds,
      cached,
      ...(requires && { requires }),
      ...(tuned && { tuned }),
      notes: artifact.notes,
    },
  }
}
