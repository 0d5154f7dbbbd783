import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { runCli } from '../../src/cli/run-cli.ts'
import { which } from '../../src/toolchains/programs.ts'
import { makeFolder } from '../scratch.ts'
import { modelsFolder, onnxruntime } from '../onnxruntime.ts'
import { addModel, denseModel } from '../cli/models.ts'
import { board, linkFlags, runOnBoard } from './board.ts'

// A library of Arduino's as its specification has it, whose example is compiled as C++, as Arduino's builder does, and run.

const mnist = join(modelsFolder, 'mnist-8.onnx')
const tools = ['arm-none-eabi-g++', 'qemu-system-arm'].filter((name) => which(name, process.env) === undefined)
if (tools.length > 0) console.log(`skipped: a sketch on a board: no ${tools.join(', ')}`)

const said = vi.hoisted(() => [] as string[])
beforeEach(() => {
  said.length = 0
  vi.spyOn(console, 'log').mockImplementation(() => undefined)
  vi.spyOn(console, 'error').mockImplementation((line: string) => void said.push(line))
})
afterEach(() => vi.restoreAllMocks())

const emit = (model: string, out: string, ...more: string[]) =>
  runCli(['compile', model, '--emit', 'arduino', '-o', out, ...more])

async function emitted(): Promise<string> {
  const out = makeFolder()
  expect(await emit(mnist, out)).toBe(0)
  return join(out, 'mnist_8')
}

function propertiesOf(text: string): Map<string, string> {
  const lines = text.trimEnd().split('\n')
  for (const line of lines) expect(line).toMatch(/^[a-z_]+=.+$/)
  return new Map(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]))
}

const categories =
  'Display,Communication,Signal Input/Output,Sensors,Device Control,Timing,Data Storage,Data Processing,Other'.split(
    ',',
  )

describe.skipIf(!existsSync(mnist))('compile --emit arduino', () => {
  test('is laid out as Arduino’s specification and PlatformIO’s say', async () => {
    const library = await emitted()
    expect(readdirSync(library).sort()).toEqual([
      'LICENSE.txt',
      'examples',
      'keywords.txt',
      'library.json',
      'library.properties',
      'src',
    ])
    expect(readdirSync(join(library, 'src')).sort()).toEqual(['mnist_8.c', 'mnist_8.h'])
    expect(readdirSync(join(library, 'examples/mnist_8'))).toEqual(['mnist_8.ino'])

    const fields = propertiesOf(readFileSync(join(library, 'library.properties'), 'utf8'))
    const required = [
      'name',
      'version',
      'author',
      'maintainer',
      'sentence',
      'paragraph',
      'category',
      'url',
      'architectures',
    ]
    for (const name of required) expect([...fields.keys()]).toContain(name)
    expect(fields.get('name')).toMatch(/^(?=.*[A-Za-z])[A-Za-z0-9][A-Za-z0-9 _.-]{0,62}$/)
    expect(fields.get('version')).toMatch(/^\d+\.\d+\.\d+$/)
    expect(categories).toContain(fields.get('category'))
    expect(new URL(fields.get('url')!).protocol).toBe('https:')
    expect(existsSync(join(library, 'src', fields.get('includes')!))).toBe(true)

    const { name, version, headers } = JSON.parse(readFileSync(join(library, 'library.json'), 'utf8')) as Record<
      string,
      string
    >
    expect([name, version, headers]).toEqual([fields.get('name'), fields.get('version'), fields.get('includes')])
    const header = readFileSync(join(library, 'src/mnist_8.h'), 'utf8')
    for (const line of readFileSync(join(library, 'keywords.txt'), 'utf8').trimEnd().split('\n')) {
      const [word, kind, ...rest] = line.split('\t')
      expect(header).toContain(word)
      expect(['KEYWORD2', 'LITERAL1']).toContain(kind)
      expect(rest).toEqual([])
    }
  })

  test('keeps what its user changed, and is for one model', async () => {
    const library = await emitted()
    const sketch = join(library, 'examples/mnist_8/mnist_8.ino')
    writeFileSync(sketch, '// mine\n')
    const source = join(library, 'src/mnist_8.c')
    const [mark] = readFileSync(source, 'utf8').split('\n')
    writeFileSync(source, `${mark}\n`)
    expect(await emit(mnist, join(library, '..'))).toBe(0)
    expect(readFileSync(sketch, 'utf8')).toBe('// mine\n')
    expect(readFileSync(source, 'utf8').length).toBeGreaterThan(10_000)

    const other = join(makeFolder(), 'mnist-8.onnx')
    writeFileSync(other, denseModel())
    expect(await emit(other, join(library, '..'))).toBe(2)
    expect(said.join('\n')).toMatch(/mnist_8\.c is of another model/)
  })

  test('says what it can’t do', async () => {
    expect(await emit(mnist, makeFolder(), '--target', 'x86-64-v3')).toBe(2)
    expect(await emit(mnist, makeFolder(), '--name', 'm'.repeat(64))).toBe(2)
    const free = join(makeFolder(), 'free.onnx')
    writeFileSync(free, addModel())
    expect(await emit(free, makeFolder())).toBe(1)
    expect(said.join('\n')).toMatch(/x86-64-v3[^]*at most 63[^]*free\.onnx can't do without malloc: the size of input/)
  })

  test.skipIf(tools.length > 0)('has an example that runs', { timeout: 60_000 }, async () => {
    const library = await emitted()
    const folder = makeFolder()
    mkdirSync(join(folder, 'core'))
    writeFileSync(join(folder, 'core/Arduino.h'), core)
    // What Arduino's builder makes of a sketch: its core's header before it, and the rest as it is.
    const sketch = readFileSync(join(library, 'examples/mnist_8/mnist_8.ino'), 'utf8')
    writeFileSync(join(folder, 'mnist_8.cpp'), `#include <Arduino.h>\n${sketch}\nint main() { setup(); loop(); }\n`)
    const flags = ['-mthumb', '-mcpu=cortex-m4', '-mfloat-abi=hard', '-mfpu=fpv4-sp-d16', '-Os', '-Wall', '-Werror']
    const cc = (compiler: string, file: string, to: string, ...more: string[]): string => {
      const args = [...flags, ...more, `-I${join(folder, 'core')}`, `-I${board}`, `-I${join(library, 'src')}`]
      execFileSync(`arm-none-eabi-${compiler}`, [...args, '-c', file, '-o', join(folder, to)], { stdio: 'pipe' })
      return join(folder, to)
    }
    const objects = [
      cc('g++', join(folder, 'mnist_8.cpp'), 'sketch.o', '-std=gnu++11', '-fno-exceptions'),
      cc('gcc', join(library, 'src/mnist_8.c'), 'model.o', '-std=gnu11'),
      cc('gcc', join(board, 'board.c'), 'board.o'),
    ]
    const image = join(folder, 'sketch.elf')
    execFileSync('arm-none-eabi-gcc', [...flags, ...objects, '-lm', ...linkFlags(image)], { stdio: 'pipe' })
    const [duration, ...bits] = runOnBoard('mps2-an386', image, 30_000).trim().split('\n')
    expect(duration).toMatch(/^\w+ {2}us$/)
    const scores = new Float32Array(Uint32Array.from(bits, (word) => parseInt(word, 16)).buffer)
    expect(scores).toHaveLength(10)
    expect(new Set(scores).size).toBe(10)

    const ort = onnxruntime()
    if (!ort) return
    const session = await ort.InferenceSession.create(mnist)
    const result = await session.run({ Input3: new ort.Tensor('float32', new Float32Array(784), [1, 1, 28, 28]) })
    const expected = [...result['Plus214_Output_0']!.data]
    const most = Math.max(...expected.map(Math.abs))
    scores.forEach((score, i) => expect(Math.abs(score - expected[i]!)).toBeLessThanOrEqual(1e-5 * most))
  })
})

/** As much of Arduino's core as a sketch of ours takes; numbers are shown by their bits. */
const core = `#pragma once
#include <stdint.h>
#include <string.h>
extern "C" {
#include "board.h"
}
struct Console {
  void begin(unsigned long) {}
  void print(const char *text) { board_say(text); }
  void print(unsigned long number) { board_say_hex(number); }
  template <class T> void println(T value) { print(value), board_say("\\n"); }
  void println(float value) {
    uint32_t bits;
    memcpy(&bits, &value, 4);
    board_say_hex(bits), board_say("\\n");
  }
  void println(int value) { board_say_hex((uint32_t)value), board_say("\\n"); }
};
static Console Serial;
static unsigned long micros() { return 7; }
static void delay(unsigned long) {}
`
