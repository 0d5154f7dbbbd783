import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { runCli } from '../../src/cli/run-cli.ts'
import { which } from '../../src/toolchains/programs.ts'
import { makeFolder } from '../scratch.ts'
import { modelsFolder, type Onnxruntime, onnxruntime } from '../onnxruntime.ts'
import { board, linkFlags, runOnBoard } from './board.ts'
import { keywordSpotter } from './keyword-spotter.ts'

// Models as C on microcontrollers that QEMU plays: mnist-8 in floats, a keyword spotter in int8, both in one program and one arena.

const tools = ['arm-none-eabi-gcc', 'qemu-system-arm'].filter((name) => which(name, process.env) === undefined)
if (tools.length > 0)
  console.log(
    `skipped: Cortex-M (apt-get install gcc-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm): no ${tools.join(', ')}`,
  )
const mnist = join(modelsFolder, 'mnist-8.onnx')
if (!existsSync(mnist)) console.log(`skipped: Cortex-M: no ${mnist}`)

const boards = [
  { target: 'cortex-m4', machine: 'mps2-an386', flags: ['-mcpu=cortex-m4', '-mfpu=fpv4-sp-d16'] },
  { target: 'cortex-m7', machine: 'mps2-an500', flags: ['-mcpu=cortex-m7', '-mfpu=fpv5-d16'] },
] as const
const languageFlags =
  '-std=gnu11 -O3 -fno-math-errno -fno-trapping-math -ffp-contract=fast -fwrapv -fno-strict-aliasing'.split(' ')

interface Emitted {
  readonly source: string
  readonly arenaBytes: number
  readonly flashBytes: number
  readonly stackBytes: number
  readonly mallocs: readonly string[]
  readonly undefinedSymbols: readonly string[]
}

async function emit(model: string, target: string, folder: string): Promise<Emitted> {
  const json = join(folder, 'emitted.json')
  expect(await runCli(['compile', model, '--emit', 'c', '--target', target, '--out', folder, '--json', json])).toBe(0)
  return JSON.parse(readFileSync(json, 'utf8')) as Emitted
}

const picture = Float32Array.from({ length: 784 }, (_, i) =>
  i % 28 > 10 && i % 28 < 16 ? 200 + (i % 41) : (i * 37) % 9,
)
const features = Int8Array.from({ length: 490 }, (_, i) => ((i * i * 31 + 7 * i) % 255) - 127)

/** Runs both, prints the bits of their results, and how much stack each took. */
const program = `
#include <stdint.h>
#include <string.h>
#include "OUTPUT.h"
#include "keywords.h"
#include "mnist_8.h"
static const float picture[] = {${[...picture].join(', ')}};
static const int8_t features[] = {${[...features].join(', ')}};
static _Alignas(8) unsigned char arena[MNIST_8_ARENA_BYTES > KEYWORDS_ARENA_BYTES ? MNIST_8_ARENA_BYTES : KEYWORDS_ARENA_BYTES];
int main(void) {
  static float digits[10];
  static int8_t words[12];
  PAINT();
  if (mnist_8_run(arena, picture, digits)) return 1;
  TAKEN();
  PAINT();
  if (keywords_run(arena, features, words)) return 2;
  TAKEN();
  for (int i = 0; i < 10; i++) {
    uint32_t bits;
    memcpy(&bits, digits + i, 4);
    board_say_hex(bits);
  }
  for (int i = 0; i < 12; i++) board_say_hex((uint32_t)words[i]);
  return 0;
}
`

/** Paints what is below main's frame, and finds how deep it was written over. */
const paint = `
#include "board.h"
enum { PAINTED = 32768 };
extern uint32_t board_stack_end[];
static inline __attribute__((always_inline)) unsigned char *top(void) { return (unsigned char *)__builtin_frame_address(0) - 64; }
#define PAINT() do { for (volatile unsigned char *p = top() - PAINTED; p < top(); p++) *p = 0xa5; } while (0)
#define TAKEN() do { const unsigned char *p = top() - PAINTED; while (*p == 0xa5) p++; board_say_hex((uint32_t)(top() - p)); } while (0)
`
const onHost = `
#include <stdio.h>
#define board_say_hex(word) printf("%08x ", (unsigned)(word))
#define PAINT()
#define TAKEN() printf("00000000 ")
`

function numbers(text: string): { stack: number[]; digits: number[]; words: number[] } {
  const bits = text
    .trim()
    .split(/\s+/)
    .map((word) => parseInt(word, 16))
  expect(bits).toHaveLength(24)
  const floats = new Float32Array(Uint32Array.from(bits.slice(2, 12)).buffer)
  return { stack: bits.slice(0, 2), digits: [...floats], words: bits.slice(12).map((word) => word | 0) }
}

async function expected(ort: Onnxruntime, spotter: string): Promise<{ digits: number[]; words: number[] }> {
  const [digits, words] = [await ort.InferenceSession.create(mnist), await ort.InferenceSession.create(spotter)]
  const first = await digits.run({ Input3: new ort.Tensor('float32', picture, [1, 1, 28, 28]) })
  const second = await words.run({ features: new ort.Tensor('int8', features, [1, 1, 49, 10]) })
  return { digits: [...first['Plus214_Output_0']!.data], words: [...second['scores']!.data] }
}

describe.skipIf(tools.length > 0 || !existsSync(mnist))('C for microcontrollers', () => {
  const folder = makeFolder()
  const spotter = join(folder, 'keywords.onnx')
  let given: { digits: number[]; words: number[] } | undefined

  beforeAll(async () => {
    vi.spyOn(console, 'log').mockImplementation(() => undefined)
    writeFileSync(spotter, keywordSpotter())
    const ort = onnxruntime()
    given = ort && (await expected(ort, spotter))
  })
  afterAll(() => vi.restoreAllMocks())

  test.each(boards)(
    '$target gives what onnxruntime and the host give, within the stack that was told',
    async ({ target, machine, flags }) => {
      const out = makeFolder()
      const [digits, words] = [await emit(mnist, target, out), await emit(spotter, target, out)]
      for (const model of [digits, words]) {
        expect(model.mallocs).toEqual([])
        expect(
          model.undefinedSymbols.filter((name) => !/^(?:mem(?:cpy|set|move|cmp)|\w*f|__aeabi_\w+)$/.test(name)),
        ).toEqual([])
      }
      expect(digits.arenaBytes).toBeLessThan(32 * 1024)
      expect(digits.flashBytes).toBeLessThan(40 * 1024)
      expect(words.flashBytes).toBeLessThan(50 * 1024)

      writeFileSync(join(out, 'OUTPUT.h'), paint)
      writeFileSync(join(out, 'main.c'), program)
      const files = [join(out, 'main.c'), digits.source, words.source, join(board, 'board.c')]
      const image = join(out, 'both.elf')
      const args = [
        '-mthumb',
        '-mfloat-abi=hard',
        ...flags,
        ...languageFlags,
        '-ffunction-sections',
        `-I${board}`,
        `-I${out}`,
        ...files,
        '-lm',
        ...linkFlags(image),
      ]
      execFileSync('arm-none-eabi-gcc', args, { stdio: 'pipe' })
      const defined = execFileSync('arm-none-eabi-nm', [image], { encoding: 'utf8' })
      expect(defined).not.toMatch(/ (?:malloc|_malloc_r|free|_sbrk|printf)\n/)
      const { stack, ...result } = numbers(runOnBoard(machine, image, 60_000))

      // The bound leaves out what memcpy and memset take, a few words.
      expect(stack[0]).toBeGreaterThan(0)
      expect(stack[0]! - 64).toBeLessThanOrEqual(digits.stackBytes)
      expect(stack[1]! - 64).toBeLessThanOrEqual(words.stackBytes)

      if (which('cc', process.env) && process.arch === 'x64') {
        writeFileSync(join(out, 'OUTPUT.h'), onHost)
        execFileSync('cc', [
          '-march=x86-64-v3',
          ...languageFlags,
          `-I${out}`,
          ...files.slice(0, 3),
          '-lm',
          '-o',
          join(out, 'host'),
        ])
        const host = numbers(execFileSync(join(out, 'host'), { encoding: 'utf8' }))
        expect(result.words).toEqual(host.words)
        result.digits.forEach((value, i) =>
          expect(Math.abs(value - host.digits[i]!)).toBeLessThanOrEqual(1e-6 * Math.max(...host.digits.map(Math.abs))),
        )
      }
      if (!given) return
      const largest = Math.max(...given.digits.map(Math.abs))
      result.digits.forEach((value, i) =>
        expect(Math.abs(value - given!.digits[i]!)).toBeLessThanOrEqual(1e-5 * largest),
      )
      expect(new Set(given.words).size).toBeGreaterThan(4)
      expect(result.words).toEqual(given.words)
    },
  )

  test('object files and archives are made for them, too', async () => {
    const out = makeFolder()
    for (const kind of ['obj', 'archive'])
      expect(await runCli(['compile', mnist, '--emit', kind, '-t', 'cortex-m4', '-o', out])).toBe(0)
    const symbols = execFileSync('arm-none-eabi-nm', ['-g', join(out, 'libmnist_8.a')], { encoding: 'utf8' })
    expect(symbols).toMatch(/ T run_main_graph_mnist_8\n/)
    expect(symbols).toMatch(/ T omTensorCreate\n/)
  })
})
