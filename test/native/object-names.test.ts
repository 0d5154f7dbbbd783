import { execFileSync, spawnSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { modelName } from '../../src/pipeline/objects.ts'
import { modelBytes, tensorType } from '../../src/onnx/build.ts'
import { which } from '../../src/toolchains/programs.ts'
import { cli, cliJson, fileWith, temporaryFolder } from '../cli/cli.ts'

// What names in a model, and of it, become in C: nothing that a compiler or linker takes for something else.

const float = (n: number) => tensorType('float32', [n])

/** Takes nothing of the arena. */
const small = modelBytes({
  opsets: { '': 21 },
  inputs: { x: float(4) },
  outputs: { y: float(4) },
  nodes: [{ op: 'Neg', inputs: ['x'], outputs: ['y'] }],
})

const names = ['int', 'arena', 'NULL', 'x.y', 'x_y', 'X_y', 'a*/b', 'a/*b', '??/', 'q\\', '日本', 'l\nm']

const hostile = modelBytes({
  opsets: { '': 21 },
  inputs: new Map(names.map((name, i) => [name, float(i + 1)])),
  outputs: { out: float(78), in_x_y: float(1) },
  nodes: [
    { op: 'Concat', inputs: names, outputs: ['out'], attributes: { axis: 0n } },
    { op: 'Neg', inputs: ['int'], outputs: ['in_x_y'] },
  ],
})

test('a model is called as no header or library of C or ours, whatever its file', () => {
  const called = (file: string): string => modelName(`/models/${file}.onnx`)
  expect(['mnist-8', '2.1', '日本', 'int', 'timer'].map(called)).toEqual([
    'mnist_8',
    'model_2_1',
    'model',
    'int',
    'timer',
  ])
  expect(['math', 'Math', 'om', 'om_tensor', 'OnnxMlirRuntime', 'm'].map(called)).toEqual([
    'model_math',
    'model_Math',
    'model_om',
    'model_om_tensor',
    'model_OnnxMlirRuntime',
    'model_m',
  ])
  expect(() => modelName(`${'x'.repeat(201)}.onnx`)).toThrow(
    'a name of 201 characters; give one of at most 200 with --name',
  )
  expect(() => modelName('x.onnx', 'string')).toThrow(
    'a name in C that no header or library has, like model_string, not "string"',
  )
})

describe.runIf(which('gcc', process.env) && which('g++', process.env))('headers', () => {
  test('compile without a warning, and their macros are of one input each', async () => {
    const out = await temporaryFolder()
    for (const [name, model] of [
      ['small', small],
      ['hostile', hostile],
      ['om', small],
    ] as const) {
      const path = await fileWith(`${name}.onnx`, model)
      expect((await cliJson('compile', path, '--emit', 'c', '-o', out)).code).toBe(0)
    }
    const sizes = names
      .map((_, i) => `HOSTILE_IN_${['INT', 'ARENA', 'NULL', 'X_Y', 'X_Y_2', 'X_Y_3'][i]}_ELEMENTS`)
      .slice(0, 6)
    const text = `#include "small.h"
#include "hostile.h"
#include "model_om.h"
static unsigned char arena[SMALL_ARENA_BYTES];
int ${sizes.map((size, i) => `s${i}[${size} == ${i + 1} ? 1 : -1]`).join(', ')};
unsigned char *memory(void);
unsigned char *memory(void) { return arena; }
`
    await writeFile(join(out, 'main.c'), text)
    await writeFile(join(out, 'main.cc'), text)
    for (const [compiler, standard, file] of [
      ['gcc', 'c99', 'main.c'],
      ['g++', 'c++17', 'main.cc'],
    ] as const) {
      const flags = [`-std=${standard}`, '-Wall', '-Wextra', '-Wpedantic', '-Werror', '-fsyntax-only']
      execFileSync(compiler, [...flags, file], { cwd: out, stdio: 'pipe' })
    }
  })

  test('of names that differ in case alone don’t pass for each other', async () => {
    const out = await temporaryFolder()
    for (const name of ['digit', 'Digit']) {
      const folder = join(out, name === 'digit' ? 'lower' : 'upper')
      const path = await fileWith('x.onnx', small)
      expect((await cli('compile', path, '--emit', 'c', '-o', folder, '--name', name)).code).toBe(0)
    }
    await writeFile(join(out, 'main.c'), '#include "lower/digit.h"\n#include "upper/Digit.h"\n')
    const { status, stderr } = spawnSync('gcc', ['-fsyntax-only', 'main.c'], { cwd: out, encoding: 'utf8' })
    expect(status).toBe(1)
    expect(stderr).toContain('the macros of another model are called DIGIT_ALIGNMENT and so on, too')
  })
})
