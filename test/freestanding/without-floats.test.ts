import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { runCli } from '../../src/cli/run-cli.ts'
import { readNpy } from '../../src/cli/data/npy.ts'
import { tensorNumbers } from '../../src/onnx/tensor.ts'
import { which } from '../../src/toolchains/programs.ts'
import { makeFolder } from '../scratch.ts'
import { onnxruntime } from '../onnxruntime.ts'
import { board, linkFlags, runOnBoard } from './board.ts'
import { gatedInput, gatedModel, gatedResult } from './gated-model.ts'
import { keywordSpotter } from './keyword-spotter.ts'
import { normalisedDims, normalisedInput, normalisedModel } from './normalised-model.ts'
import { rowInput, rowModel, rowOperators, rowResult } from './row-models.ts'
import { upsamplingInput, upsamplingModel, upsamplingResult } from './upsampling-model.ts'

// Whole models of 8 bits on a Cortex-M that has no unit for floats: their code has none, and calls none of the routines
// that compute them; results are those of TensorFlow Lite's reference, and of onnxruntime.

const tools = ['arm-none-eabi-gcc', 'qemu-system-arm'].filter((name) => which(name, process.env) === undefined)
if (tools.length > 0) console.log(`skipped: models without floats: no ${tools.join(', ')}`)

const frontEnds = fileURLToPath(new URL('../../../shared/front-ends/', import.meta.url))
if (!existsSync(frontEnds)) console.log('skipped: ../shared/front-ends is not here')

/** The run-time ABI's names of what computes and converts floats, and C's. */
const FLOATS =
  /^(?:__aeabi_[cfd](?:[a-z]|2)|__aeabi_u?[il]2[fd]|__aeabi_u?l2[fd]|\w*(?:sf|df)\d?$|(?:floor|ceil|exp|rint|nearbyint|round)f?$)/
const INTEGERS =
  /^__aeabi_(?:u?idiv(?:mod)?|u?ldivmod|lmul|ll[sa][lr]|lasr|mem\w+)$|^__clz[sd]i2$|^mem(?:cpy|set|move)$/

interface Emitted {
  readonly source: string
  readonly header: string
  readonly name: string
  readonly floatOperators: readonly string[]
  readonly undefinedSymbols: readonly string[]
}

async function emit(model: string): Promise<Emitted & { readonly folder: string }> {
  const folder = makeFolder()
  const json = join(folder, 'emitted.json')
  expect(
    await runCli(['compile', model, '--emit', 'c', '-t', 'cortex-m0plus', '-O', '2', '-o', folder, '--json', json]),
  ).toBe(0)
  return { ...(JSON.parse(readFileSync(json, 'utf8')) as Emitted), folder }
}

/** What the model gives on the board. */
function run({ source, header, name, folder }: Awaited<ReturnType<typeof emit>>, input: readonly number[]): number[] {
  const port = (kind: string) => new RegExp(`(u?int8_t) (${kind}_\\w+)\\[(\\d+)\\]`).exec(readFileSync(header, 'utf8'))!
  const [from, to] = [port('in'), port('out')]
  writeFileSync(
    join(folder, 'main.c'),
    `#include "board.h"
#include "${name}.h"
static const ${from[1]} from[] = {${input.join(', ')}};
static ${to[1]} to[${to[3]}];
static _Alignas(8) unsigned char arena[${name.toUpperCase()}_ARENA_BYTES];
int main(void) {
  if (${name}_run(arena, from, to)) return 1;
  for (int i = 0; i < ${to[3]}; i++) board_say_hex((uint32_t)(int32_t)to[i]);
  return 0;
}
`,
  )
  const flags =
    '-mthumb -mcpu=cortex-m0plus -mfloat-abi=soft -std=gnu11 -O2 -fwrapv -fno-strict-aliasing -ffunction-sections'.split(
      ' ',
    )
  const image = join(folder, 'model.elf')
  const files = [join(folder, 'main.c'), source, join(board, 'board.c'), `-I${board}`, `-I${folder}`]
  execFileSync('arm-none-eabi-gcc', [...flags, ...files, ...linkFlags(image)], { stdio: 'pipe' })
  const symbols = execFileSync('arm-none-eabi-nm', [image], { encoding: 'utf8' })
  expect(
    symbols
      .split('\n')
      .map((line) => line.split(' ').at(-1)!)
      .filter((symbol) => FLOATS.test(symbol)),
  ).toEqual([])
  // A Cortex-M3, which has no such unit either and runs code for M0+.
  return runOnBoard('mps2-an385', image, 120_000)
    .trim()
    .split(/\s+/)
    .map((word) => parseInt(word, 16) | 0)
}

/** What a model without float operators gives on the board, and where it lies. */
async function integersOf(
  name: string,
  bytes: Uint8Array,
  input: readonly number[],
): Promise<{ readonly model: string; readonly result: readonly number[] }> {
  const model = join(makeFolder(), name)
  writeFileSync(model, bytes)
  const emitted = await emit(model)
  expect(emitted.floatOperators).toEqual([])
  return { model, result: run(emitted, input) }
}

function golden(name: string, which: 'in0' | 'out0'): number[] {
  const path = join(frontEnds, 'golden', name, `${which}.npy`)
  return Array.from(tensorNumbers(readNpy(readFileSync(path), path)), Number)
}

describe.skipIf(tools.length > 0)('whole models of 8 bits', { timeout: 180_000 }, () => {
  beforeAll(() => void vi.spyOn(console, 'log').mockImplementation(() => undefined))
  afterAll(() => vi.restoreAllMocks())

  test('what counts as a routine for floats', () => {
    for (const name of [
      '__aeabi_fmul',
      '__aeabi_i2f',
      '__aeabi_ui2d',
      '__aeabi_d2iz',
      '__aeabi_l2f',
      '__mulsf3',
      '__aeabi_cfcmple',
      'floorf',
    ])
      expect(name).toMatch(FLOATS)
    for (const name of ['__aeabi_idiv', '__aeabi_uldivmod', '__aeabi_lmul', '__clzdi2', 'memcpy', '__aeabi_llsl']) {
      expect(name).not.toMatch(FLOATS)
      expect(name).toMatch(INTEGERS)
    }
  })

  test.skipIf(!existsSync(frontEnds)).each(['micro_speech_quantized', 'mobilenet_v1_0.25_128_quant'])(
    '%s gives what TensorFlow Lite’s reference gives',
    async (name) => {
      const emitted = await emit(join(frontEnds, `${name}.tflite`))
      expect(emitted.floatOperators).toEqual([])
      expect(emitted.undefinedSymbols.filter((symbol) => !INTEGERS.test(symbol))).toEqual([])
      expect(run(emitted, golden(name, 'in0'))).toEqual(golden(name, 'out0'))
    },
  )

  test.skipIf(!existsSync(frontEnds)).each(['person_detect', 'mobilenet_v2_224_int8', 'deeplabv3_dm05_uint8'])(
    '%s is integers alone',
    async (name) => {
      const emitted = await emit(join(frontEnds, `${name}.tflite`))
      expect(emitted.floatOperators).toEqual([])
      expect(emitted.undefinedSymbols.filter((symbol) => !INTEGERS.test(symbol))).toEqual([])
    },
  )

  test('a keyword spotter gives what onnxruntime gives', async () => {
    const features = Array.from({ length: 490 }, (_, i) => ((i * i * 31 + 7 * i) % 255) - 127)
    const { model, result: words } = await integersOf('keywords.onnx', keywordSpotter(), features)
    expect(new Set(words).size).toBeGreaterThan(4)
    const ort = onnxruntime()
    if (!ort) return
    const session = await ort.InferenceSession.create(model)
    const { scores } = await session.run({ features: new ort.Tensor('int8', Int8Array.from(features), [1, 1, 49, 10]) })
    expect(words).toEqual([...scores!.data])
  })

  test.skipIf(!which('clang', process.env))('clang has nothing to warn of', async () => {
    const model = join(makeFolder(), 'keywords.onnx')
    writeFileSync(model, keywordSpotter())
    const { source } = await emit(model)
    execFileSync('clang', ['-std=gnu11', '-Wall', '-Wextra', '-Werror', '-fsyntax-only', source], { stdio: 'pipe' })
  })

  test.each([
    { what: 'what stands between convolutions', bytes: gatedModel, input: gatedInput, expected: gatedResult },
    { what: 'a transposed convolution', bytes: upsamplingModel, input: upsamplingInput, expected: upsamplingResult },
  ])('$what gives what TensorFlow Lite’s reference gives', async ({ bytes, input, expected }) => {
    const { result } = await integersOf('model.tflite', bytes(), input())
    expect(new Set(result).size).toBeGreaterThan(100)
    expect(result).toEqual(expected(input()))
  })

  test.each(rowOperators)('%s gives the codes of the true numbers', async (op) => {
    const { result } = await integersOf('rows.tflite', rowModel(op), rowInput())
    expect(new Set(result).size).toBeGreaterThan(40)
    expect(result).toEqual(rowResult(op, rowInput()))
  })

  test('sums and quotients give what onnxruntime gives', async () => {
    const { model, result } = await integersOf('normalised.onnx', normalisedModel(), normalisedInput())
    expect(new Set(result).size).toBeGreaterThan(50)
    const ort = onnxruntime()
    if (!ort) return
    const session = await ort.InferenceSession.create(model, { graphOptimizationLevel: 'disabled' })
    const { y } = await session.run({
      x: new ort.Tensor('int8', Int8Array.from(normalisedInput()), [...normalisedDims]),
    })
    expect(result).toEqual([...y!.data])
  })

  test.skipIf(!existsSync(frontEnds))('what is computed in floats all the same is named', async () => {
    const said: string[] = []
    vi.mocked(console.log).mockImplementation((line: string) => void said.push(line))
    const emitted = await emit(join(frontEnds, 'dtln_noise_suppression.tflite'))
    expect(emitted.floatOperators).toContain('node 0/UNIDIRECTIONAL_SEQUENCE_LSTM/Cast (Cast)')
    expect(emitted.undefinedSymbols.some((symbol) => FLOATS.test(symbol))).toBe(true)
    expect(said.join('\n')).toMatch(/^arithmetic: floats in node .*SEQUENCE_LSTM.* and \d+ more$/m)
  })
})
